"""A function of a user's own."""

import polars as pl

from tests.names.places import VALUE

ADDED: list[str] = []
"""Columns that it adds now."""


def add(events: pl.DataFrame) -> pl.DataFrame:
    """Copies of the value under other names."""
    return events.with_columns(pl.col(VALUE).alias(name) for name in ADDED)
