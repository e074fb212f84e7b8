"""The flows: only wiring."""
