"""One suite over every kind of window."""
