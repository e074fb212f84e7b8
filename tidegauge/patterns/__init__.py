"""What a pattern is and how it is written: steps, conditions, row patterns."""
