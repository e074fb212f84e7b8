"""The embedded store: all records in one SQLite file."""
