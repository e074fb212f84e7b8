"""Measurements of the whole thing against real servers."""
