"""How often each value occurs, and the most frequent."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import polars as pl

from operators.windows.tables.hashing import hashes_of
from operators.windows.tables.table import Table, TableValue

BOUND = 1_024
"""Different values of a key and window that are counted."""

VALUE = "_value"
"""Column: the value."""
COUNT = "_count"
"""Column: how often it occurs (Int64)."""

_HASH = "_hash"

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Frequencies(Table):
    """Values and how often each occurs; of more than `BOUND` values those whose hash is lowest.

    A value that is among the lowest of all is among the lowest of every part: it was never left
    out, so its count is exact, however the events were split.
    """

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"_frequencies({self.typed})"

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Its columns."""
        return {VALUE: self.argument.type.dtype, COUNT: pl.Int64}

    def collect(self, events: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Rows of a batch of events."""
        values = events.select(*by, self.values.alias(VALUE)).drop_nulls(VALUE)
        if values[VALUE].dtype.is_float():
            zero = pl.when(pl.col(VALUE) == 0).then(0.0).otherwise(pl.col(VALUE))
            values = values.with_columns(zero.alias(VALUE))
        counts = values.group_by(*by, VALUE).agg(pl.len().cast(pl.Int64).alias(COUNT))
        return _bounded(counts, by)

    def merge(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Counts add up; of too many values some are left out."""
        return _bounded(rows.group_by(*by, VALUE).agg(pl.col(COUNT).sum()), by)


@dataclass(frozen=True)
class TopList(TableValue):
    """The most frequent values as JSON, `[["a",12],["b",7]]`; of equally frequent ones the lower.

    Attributes:
        length: values in the list.
    """

    length: int

    @property
    def id(self) -> str:
        """Name of the column."""
        return f"{self.table.name}@{self.length}"

    @property
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""
        return pl.String

    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The lists."""
        ordered = rows.lazy().sort(COUNT, VALUE, descending=[True, False])
        lists = ordered.group_by(by).agg(pl.col(VALUE, COUNT).head(self.length)).collect()
        pairs = zip(lists[VALUE].to_list(), lists[COUNT].to_list(), strict=True)
        texts = [_encode(list(zip(*pair, strict=True))).decode() for pair in pairs]
        return lists.select(*by, pl.Series(self.id, texts, dtype=pl.String))


@dataclass(frozen=True)
class TopCounted(TableValue):
    """How many of the values were counted."""

    @property
    def id(self) -> str:
        """Name of the column."""
        return f"{self.table.name}@counted"

    @property
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""
        return pl.Int64

    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The counts."""
        return rows.group_by(by).agg(pl.col(COUNT).sum().alias(self.id))


def _bounded(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    if rows.height <= BOUND or not (rows.group_by(by).len("_rows")["_rows"] > BOUND).any():
        return rows
    crowded = pl.len().over(by) > BOUND
    crowd = rows.filter(crowded)
    kept = (
        crowd.with_columns(pl.Series(_HASH, hashes_of(crowd[VALUE])))
        .sort(_HASH, VALUE)
        .filter(pl.int_range(pl.len()).over(by) < BOUND)
        .drop(_HASH)
    )
    return pl.concat([rows.filter(~crowded), kept])
