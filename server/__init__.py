"""The street office: reports, cases, units, assignments, clocks and corrections."""
