"""Tables of every open pane and series."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import polars as pl

from operators.keygroups.pieces import Piece
from operators.windows.merging import Array
from operators.windows.paned.panes import distinct
from operators.windows.paned.preaggregate import PANE
from operators.windows.plan import WindowPlan
from operators.windows.series import Slots
from operators.windows.tables.table import Table

SLOT = "_slot"
"""Column: number of the series (Int64)."""

_FEW_ROWS = 1_024
"""Fewer new rows than this are never merged for their number."""


class PaneTables:
    """Long frames with the column `SLOT`, one for each table and pane."""

    def __init__(self, plan: WindowPlan) -> None:
        self._tables: Mapping[str, Table] = {table.name: table for table in plan.tables}
        self._panes: dict[str, dict[int, _PaneRows]] = {name: {} for name in self._tables}

    def add(self, name: str, slots: Slots, rows: pl.DataFrame) -> None:
        """Take in rows of a table, with the column `PANE`; `slots` has the slot of each."""
        if not rows.height:
            return
        table, panes = self._tables[name], self._panes[name]
        frame = pl.DataFrame([pl.Series(SLOT, slots), *(rows[column] for column in table.schema)])
        numbers = rows[PANE].to_numpy()
        for pane in distinct(numbers).tolist():
            if pane not in panes:
                panes[pane] = _PaneRows(partial(table.merge, by=[SLOT]))
            inside = numbers == pane
            panes[pane].add(frame if inside.all() else frame[np.flatnonzero(inside)])

    def over(self, name: str, first: int, count: int, slots: Slots) -> pl.DataFrame:
        """Rows of `count` panes from `first` on and of `slots`, merged."""
        table, panes = self._tables[name], self._panes[name]
        rows = [panes[pane].merged() for pane in range(first, first + count) if pane in panes]
        if not rows:
            return pl.DataFrame(schema={SLOT: pl.Int64, **table.schema})
        wanted = pl.concat(rows)
        inside = np.isin(wanted[SLOT].to_numpy(), slots)
        if not inside.all():
            wanted = wanted[np.flatnonzero(inside)]
        return table.merge(wanted, [SLOT])[wanted.columns] if len(rows) > 1 else wanted

    @property
    def nbytes(self) -> int:
        """Size of all rows."""
        return sum(held.nbytes for panes in self._panes.values() for held in panes.values())

    def drop_before(self, pane: int) -> None:
        """Forget every pane below `pane`."""
        for panes in self._panes.values():
            for gone in [number for number in panes if number < pane]:
                del panes[gone]

    def renumber(self, keep: Array) -> None:
        """Keep these slots only (ascending), giving them new numbers in their order."""
        for panes in self._panes.values():
            for held in panes.values():
                rows = held.merged().filter(pl.col(SLOT).is_in(keep))
                slots = pl.Series(SLOT, np.searchsorted(keep, rows[SLOT].to_numpy()))
                held.replace(rows.with_columns(slots))

    def snapshot(self) -> dict[str, dict[int, Piece]]:
        """Rows of each table, a piece for each pane; those of before that hold."""
        return {
            name: {pane: held.piece() for pane, held in panes.items()}
            for name, panes in self._panes.items()
        }

    def restore(self, snapshot: Mapping[str, Mapping[int, Piece]]) -> None:
        """Take over what `snapshot` returned."""
        for name, table in self._tables.items():
            merge = partial(table.merge, by=[SLOT])
            self._panes[name] = {
                pane: _PaneRows(merge, piece) for pane, piece in snapshot[name].items()
            }


class _PaneRows:
    """Rows of one table and pane.

    What comes is appended, and merged when as much came as was there: many rows are not rewritten
    for a few, and the memory is at most about twice that of the merged rows.
    """

    def __init__(
        self, merge: Callable[[pl.DataFrame], pl.DataFrame], piece: Piece | None = None
    ) -> None:
        self._merge = merge
        self._piece = piece
        self._frames: list[pl.DataFrame] = [piece.take()] if piece else []
        self._new = 0

    @property
    def nbytes(self) -> int:
        return sum(int(frame.estimated_size()) for frame in self._frames)

    def add(self, rows: pl.DataFrame) -> None:
        self._frames.append(rows)
        self._new += rows.height
        self._piece = None
        if self._new > max(self._frames[0].height, _FEW_ROWS):
            self.merged()

    def merged(self) -> pl.DataFrame:
        if len(self._frames) > 1:
            rows = pl.concat(self._frames)
            self.replace(self._merge(rows)[rows.columns])
        return self._frames[0]

    def replace(self, rows: pl.DataFrame) -> None:
        self._frames, self._new, self._piece = [rows], 0, None

    def piece(self) -> Piece:
        rows = self.merged()
        if self._piece is None:
            self._piece = Piece(rows)
        return self._piece
