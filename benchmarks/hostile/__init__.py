"""Hostile traffic beside a good stream: what it must not change, delay or use up."""
