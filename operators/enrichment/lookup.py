"""The columns of a table beside those of the events whose key they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from operators.enrichment.table import Contents, LookupTable
from tidegauge.fieldtypes import FieldType

JOIN_FROM = 15
"""From a fifteenth of the table's rows on, a join of a batch is quicker than looking keys up."""


@dataclass(frozen=True)
class Lookup:
    """What events get from one table.

    Attributes:
        table: the table.
        on: column of the event that holds the key.
        columns: columns of the table by the names they get.
    """

    table: LookupTable
    on: str
    columns: Mapping[str, str]

    @property
    def types(self) -> dict[str, FieldType]:
        """Types of the columns that events get."""
        return {new: self.table.columns[column] for new, column in self.columns.items()}

    def add_to(self, events: pl.DataFrame) -> pl.DataFrame:
        """The events, in their order, with the columns; null where the table has no such key.

        All events of a batch meet the same contents. A null key has no row.
        """
        contents = self.table.contents
        if events.height * JOIN_FROM < contents.rows.height:
            return self._looked_up(events, contents)
        return self._joined(events, contents)

    def _looked_up(self, events: pl.DataFrame, contents: Contents) -> pl.DataFrame:
        found = map(contents.positions.get, events[self.on].to_list())
        positions = pl.Series(list(found), dtype=pl.UInt32)
        return events.with_columns(
            contents.rows[column].gather(positions).alias(new)
            for new, column in self.columns.items()
        )

    def _joined(self, events: pl.DataFrame, contents: Contents) -> pl.DataFrame:
        rows = contents.rows.select(
            pl.col(contents.key).alias("_key"),
            *(pl.col(column).alias(new) for new, column in self.columns.items()),
        )
        return events.join(
            rows, left_on=self.on, right_on="_key", how="left", maintain_order="left"
        )
