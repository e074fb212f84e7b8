"""Floats that are no numbers."""

from collections.abc import Iterable

import polars as pl


def finite_columns(names: Iterable[str]) -> list[pl.Expr]:
    """Columns of floats by name, null where they are infinite or undefined."""
    return [pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in names]
