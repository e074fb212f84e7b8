"""Columns that events get from tables by key."""
