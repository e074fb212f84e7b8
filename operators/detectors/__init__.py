"""Anomaly detectors: many series at once, each point scored before it is learned from."""
