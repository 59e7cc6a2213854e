"""The command line ``xiaonao``: one file per family of commands."""
