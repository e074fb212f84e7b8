"""Tables of every open pane and series."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from operators.keygroups.pieces import Piece
from operators.windows.merging import Array
from operators.windows.paned.preaggregate import PANE
from operators.windows.plan import WindowPlan
from operators.windows.series import Slots
from operators.windows.tables.table import Table

SLOT = "_slot"
"""Column: number of the series (Int64)."""

_BY = [SLOT, PANE]
_MERGE_AT = 8
"""Rows that came since the last merge are merged when they are so many frames."""


class PaneTables:
    """Long frames with the columns `SLOT` and `PANE`, merged now and then.

    What comes is appended and merged later: a frame of many rows is not rewritten for a few. The
    rows of a pane are the same whenever that happens.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._tables: Mapping[str, Table] = {table.name: table for table in plan.tables}
        self._merged = {name: _empty(table) for name, table in self._tables.items()}
        self._new: dict[str, list[pl.DataFrame]] = {name: [] for name in self._tables}
        self._saved: dict[str, dict[int, Piece]] = {name: {} for name in self._tables}

    def add(self, name: str, slots: Slots, rows: pl.DataFrame) -> None:
        """Take in rows of a table, with the column `PANE`; `slots` has the slot of each."""
        if not rows.height:
            return
        frame = rows.with_columns(pl.Series(SLOT, slots)).select(self._merged[name].columns)
        for pane in rows[PANE].unique().to_list():
            self._saved[name].pop(pane, None)
        self._new[name].append(frame)
        if len(self._new[name]) >= _MERGE_AT:
            self._merge(name)

    def over(self, name: str, first: int, count: int, slots: Slots) -> pl.DataFrame:
        """Rows of `count` panes from `first` on and of `slots`, merged, without `PANE`."""
        self._merge(name)
        inside = pl.col(PANE).is_between(first, first + count - 1)
        rows = self._merged[name].filter(inside, pl.col(SLOT).is_in(slots)).drop(PANE)
        return self._tables[name].merge(rows, [SLOT])

    def drop_before(self, pane: int) -> None:
        """Forget every pane below `pane`."""
        for name in self._tables:
            self._merge(name)
            self._merged[name] = self._merged[name].filter(pl.col(PANE) >= pane)
            for gone in [number for number in self._saved[name] if number < pane]:
                del self._saved[name][gone]

    def renumber(self, keep: Array) -> None:
        """Keep these slots only (ascending), giving them new numbers in their order."""
        for name in self._tables:
            self._merge(name)
            rows = self._merged[name].filter(pl.col(SLOT).is_in(keep))
            slots = pl.Series(SLOT, np.searchsorted(keep, rows[SLOT].to_numpy()))
            self._merged[name], self._saved[name] = rows.with_columns(slots), {}

    def snapshot(self) -> dict[str, dict[int, Piece]]:
        """Rows of each table, a piece for each pane; those of before that hold."""
        for name, saved in self._saved.items():
            self._merge(name)
            rows = self._merged[name]
            fresh = rows.filter(~pl.col(PANE).is_in(list(saved)))
            for (pane,), part in fresh.partition_by(PANE, as_dict=True).items():
                saved[pane] = Piece(part)
        return {name: dict(saved) for name, saved in self._saved.items()}

    def restore(self, snapshot: Mapping[str, Mapping[int, Piece]]) -> None:
        """Take over what `snapshot` returned."""
        for name, table in self._tables.items():
            saved = dict(snapshot[name])
            rows = [piece.take() for piece in saved.values()]
            self._merged[name] = pl.concat([_empty(table), *rows])
            self._new[name], self._saved[name] = [], saved

    def _merge(self, name: str) -> None:
        if self._new[name]:
            rows = pl.concat([self._merged[name], *self._new[name]])
            self._merged[name] = self._tables[name].merge(rows, _BY).select(rows.columns)
            self._new[name] = []


def _empty(table: Table) -> pl.DataFrame:
    return pl.DataFrame(schema={SLOT: pl.Int64, PANE: pl.Int64, **table.schema})
