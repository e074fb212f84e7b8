"""The part of an aggregate's state that has several rows for a key: a long frame."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from operators.windows.accumulators import values_of
from tidegauge.expressions.compiled import Scalar


@dataclass(frozen=True)
class Table(ABC):
    """A long frame: the columns that say which key and place (pane, window) a row is of, then own.

    Whatever way the events were split and in whatever order the parts are merged, `merge` gives
    the same rows (in any order).

    Attributes:
        argument: what the aggregate is taken of; null values leave no row.
    """

    argument: Scalar

    @property
    @abstractmethod
    def name(self) -> str:
        """The same for the same table everywhere."""

    @property
    @abstractmethod
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Its own columns and their types."""

    @abstractmethod
    def collect(self, events: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The table of events, which have the columns `by` and those of an `EventBatch`."""

    @abstractmethod
    def merge(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """One table of the rows of several, for each value of the columns `by`."""

    @property
    def typed(self) -> str:
        """The argument as text, with its type: a state of another type is another state."""
        return f"{self.argument.sql}: {self.argument.type}"

    @property
    def values(self) -> pl.Expr:
        """The argument for each event."""
        return values_of(self.argument)


@dataclass(frozen=True)
class TableValue(ABC):
    """One number or text made of a merged table.

    Attributes:
        table: what it is made of.
    """

    table: Table

    @property
    @abstractmethod
    def id(self) -> str:
        """Name of the column it is in, the same for the same value everywhere."""

    @property
    @abstractmethod
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""

    @abstractmethod
    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """A row for each value of the columns `by` that the table holds: those, and `id`."""
