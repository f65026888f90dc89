"""A job in one SQLite file."""
