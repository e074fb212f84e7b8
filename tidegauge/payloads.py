"""How much of what was refused a dead letter holds."""

MOST_BYTES = 131_072
"""Longer payloads are cut: six times as many, which is what JSON can make of them, are a message
that every broker takes."""
