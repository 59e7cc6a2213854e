"""Made-up life for a first look: a roster, past days, and people who work."""
