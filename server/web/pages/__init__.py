"""The pages people look at: wall, console, phone, login. HTML first, live by small modules."""
