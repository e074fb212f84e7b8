"""A table as the events see it: whole, and replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from tidegauge.fieldtypes import FieldType


@dataclass(frozen=True)
class Contents:
    """Rows of a table at one time.

    Attributes:
        rows: the declared columns; each key once, and never null.
        key: name of the key column.
    """

    rows: pl.DataFrame
    key: str

    @cached_property
    def positions(self) -> Mapping[object, int]:
        """Number of the row of each key."""
        return {key: number for number, key in enumerate(self.rows[self.key].to_list())}


class LookupTable:
    """Rows by key, for any number of threads that read while one replaces.

    Args:
        name: the table's name.
        key: name of the key column.
        columns: its columns and their types, the key among them.
    """

    def __init__(self, name: str, key: str, columns: Mapping[str, FieldType]) -> None:
        self.name = name
        self.key = key
        self.columns = dict(columns)
        nothing = pl.DataFrame(schema={name: kind.dtype for name, kind in columns.items()})
        self._contents = Contents(nothing, key)

    @property
    def contents(self) -> Contents:
        """The newest contents; who holds them keeps seeing the same."""
        return self._contents

    def replace(self, rows: pl.DataFrame) -> None:
        """Put other rows in the place of all there are.

        Args:
            rows: the columns of the table; each key once, and never null.
        """
        contents = Contents(rows, self.key)
        # Made here, not by the first batch of events that needs it.
        _ = contents.positions
        self._contents = contents
