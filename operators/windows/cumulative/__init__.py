"""Windows from the start of a period to each step within it: a day so far, every minute."""
