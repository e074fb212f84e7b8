"""First and last values, by the order of the events in time and in the log."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from operators.ordering.identity import ORDER, PARTITION
from operators.windows.tables.table import Table, TableValue
from tidegauge.batch import TIME

VALUE = "_value"
"""Column: the value."""


@dataclass(frozen=True)
class Edge(Table):
    """The earliest or latest value that is not null, with the event time and place in the log.

    Of equal event times the lower partition and offset is the earlier.

    Attributes:
        latest: the last value instead of the first.
    """

    latest: bool

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"_{'last' if self.latest else 'first'}_value({self.typed})"

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Its columns."""
        return {**dict.fromkeys(ORDER, pl.Int64), VALUE: self.argument.type.dtype}

    def collect(self, events: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Rows of a batch of events."""
        if PARTITION not in events.columns:
            events = events.with_columns(pl.lit(0, pl.Int64).alias(PARTITION))
        values = events.lazy().select(*by, *ORDER, self.values.alias(VALUE))
        return self._chosen(values.drop_nulls(VALUE), by)

    def merge(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The one row of each."""
        return self._chosen(rows.lazy(), by)

    def _chosen(self, rows: pl.LazyFrame, by: Sequence[str]) -> pl.DataFrame:
        return rows.sort(ORDER, descending=self.latest).unique(by, keep="first").collect()


@dataclass(frozen=True)
class EdgeValue(TableValue):
    """The value itself."""

    @property
    def id(self) -> str:
        """Name of the column."""
        return f"{self.table.name}@value"

    @property
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""
        return self.table.argument.type.dtype

    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The values."""
        return rows.select(*by, pl.col(VALUE).alias(self.id))


@dataclass(frozen=True)
class EdgeTime(TableValue):
    """Its event time, nanoseconds."""

    @property
    def id(self) -> str:
        """Name of the column."""
        return f"{self.table.name}@time"

    @property
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""
        return pl.Int64

    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The times."""
        return rows.select(*by, pl.col(TIME).alias(self.id))
