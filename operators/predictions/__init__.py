"""Predictions: what a model of the user's own says of results of windows."""
