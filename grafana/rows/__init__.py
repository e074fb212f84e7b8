"""Rows of dashboards: a title and the panels under it."""
