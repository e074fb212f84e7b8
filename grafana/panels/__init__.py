"""Panels, one module for each kind of picture."""
