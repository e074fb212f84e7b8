"""Exponential smoothing: what its weights are for a series that is there."""
