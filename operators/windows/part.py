"""What a batch, a pane or a closed window holds of one window: numbers by key, and tables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from operators.keygroups.assign import KeyGroups
from operators.ordering.identity import PARTITION
from tidegauge.batch import EventBatch
from tidegauge.savedstate import saved_type

CLOSED = ("time_ns", "start_ns", "revision")
"""Places of a closed window: its end (time of the record), its start, and which result it is."""
CHANGED = "_changed"
"""Column of closed windows, where they are all there for a comparison: whether it is a result."""
ROWS_AT_ONCE = 500_000
"""About so many rows of closed windows are made at once: memory bears them, and it is fast."""


@saved_type
@dataclass(frozen=True, slots=True)
class Part:
    """Pre-aggregated content of one window; mergeable (`operators.windows.merging.merge_part`).

    Every frame has the window's key columns and the columns of its places, such as the number of
    a pane. `rows` has a row for each key and place, with a column for each accumulator; a table has
    any number of rows for each, and its own columns. A table without rows may be left out.
    """

    rows: pl.DataFrame
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def filter(self, predicate: pl.Expr) -> "Part":
        """The rows, here and in the tables, of keys and places that fulfil a condition on them."""
        tables = {name: table.filter(predicate) for name, table in self.tables.items()}
        return Part(self.rows.filter(predicate), tables)


def concat_parts(parts: list[Part]) -> Part:
    """The rows of several parts in one, not merged; at least one part."""
    names = dict.fromkeys(name for part in parts for name in part.tables)
    tables = {
        name: _stacked([part.tables[name] for part in parts if name in part.tables])
        for name in names
    }
    return Part(_stacked([part.rows for part in parts]), tables)


def gathered(parts: Iterable[Part]) -> Iterator[Part]:
    """The same rows in fewer parts: those that follow each other, as far as memory bears them."""
    held: list[Part] = []
    for part in parts:
        full = sum(map(_height, held)) + _height(part) > ROWS_AT_ONCE
        if held and (full or set(held[0].rows.columns) != set(part.rows.columns)):
            yield concat_parts(held)
            held = []
        held.append(part)
    if held:
        yield concat_parts(held) if len(held) > 1 else held[0]


def _height(part: Part) -> int:
    return part.rows.height + sum(table.height for table in part.tables.values())


def _stacked(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Frames with the same columns, in whatever order, one below the other."""
    columns = frames[0].columns
    # Each selection is a query.
    return pl.concat([f if f.columns == columns else f.select(columns) for f in frames])


def split_part(groups: KeyGroups, part: Part, by: list[str]) -> list[tuple[int, Part]]:
    """The part cut by key group; a group without rows is left out."""
    tables: dict[int, dict[str, pl.DataFrame]] = {}
    for name, table in part.tables.items():
        for group, rows in groups.split(table, by):
            tables.setdefault(group, {})[name] = rows
    return [
        (group, Part(rows, tables.get(group, {})))
        for group, rows in groups.split(part.rows, by, distinct=True)
    ]


def located(batch: EventBatch, events: pl.DataFrame) -> pl.DataFrame:
    """Events of a batch with the column `PARTITION`, so that `ORDER` is a total order."""
    partition = pl.Series(PARTITION, [batch.progress.partition], dtype=pl.Int64)
    return events.hstack([partition.new_from_index(0, events.height)])
