"""Alerts: their life from pending over firing to resolved, decided in event time."""
