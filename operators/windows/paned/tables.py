"""Tables of every open pane and series."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

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

    def add(self, name: str, slots: Slots, rows: pl.DataFrame) -> None:
        """Take in rows of a table, with the column `PANE`; `slots` has the slot of each."""
        if not rows.height:
            return
        frame = rows.with_columns(pl.Series(SLOT, slots)).select(self._merged[name].columns)
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

    def snapshot(self) -> dict[str, Any]:
        """The frames, which never change."""
        for name in self._tables:
            self._merge(name)
        return dict(self._merged)

    def restore(self, snapshot: dict[str, Any], keep: Array | None = None) -> None:
        """Take over what `snapshot` returned; `keep` selects slots, ascending, renumbering them."""
        self._new = {name: [] for name in self._tables}
        for name in self._tables:
            rows = snapshot[name]
            if keep is not None:
                rows = rows.filter(pl.col(SLOT).is_in(keep))
                rows = rows.with_columns(
                    pl.Series(SLOT, np.searchsorted(keep, rows[SLOT].to_numpy()))
                )
            self._merged[name] = rows

    def _merge(self, name: str) -> None:
        if self._new[name]:
            rows = pl.concat([self._merged[name], *self._new[name]])
            self._merged[name] = self._tables[name].merge(rows, _BY).select(rows.columns)
            self._new[name] = []


def _empty(table: Table) -> pl.DataFrame:
    return pl.DataFrame(schema={SLOT: pl.Int64, PANE: pl.Int64, **table.schema})
