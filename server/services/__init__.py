"""One use case, one transaction: load, decide, save."""
