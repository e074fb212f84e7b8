"""Forecasts: what a series will probably be, with a band, at points of time to come."""
