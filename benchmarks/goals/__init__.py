"""The table of the windows benchmark: topics, runs, rows with their goals."""
