"""One window in one key group: what is open, and what the watermark closes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from operators.windows.accumulators import ROWS
from operators.windows.merging import Array, merge_two
from operators.windows.paned.ends import earliest_end, ends_between, latest_end
from operators.windows.paned.panes import Panes, partial_columns
from operators.windows.paned.preaggregate import PANE
from operators.windows.paned.tables import SLOT, PaneTables
from operators.windows.part import CLOSED, Part
from operators.windows.plan import WindowPlan
from operators.windows.saved import check_layout
from operators.windows.series import Series, Slots
from operators.windows.shapes import Paned, of_kind
from operators.windows.tables.table import Table
from tidegauge.batch import NO_TIME

_COMPACT_ABOVE = 1024
"""Fewer series than this are never worth renumbering."""
_SPARE = 16
"""Series that were held for each that is. A key that comes now and then, but is in no open window
for a while, would else be forgotten and met anew each time."""

_Rows = tuple[int, int, Slots, Mapping[str, Array]]
"""End of a window, revision, slots, and the accumulators of those slots."""


class PanedState:
    """Panes of on-time events and, apart from them, of corrections.

    An early result, where the window has some, is made from the on-time events before a moment
    within it when the watermark passes that moment; its revision is minus the number of results
    before the first that are left. A window's first result (revision 0) is made from on-time events
    alone when the watermark passes its end; when corrections came for it, one corrected result
    (revision 1) of all its events follows for their keys when the watermark passes end + allowed
    lateness. All are functions of the log: how late an event is was decided at the source, so which
    results count it does not depend on when it arrives here.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._shape = of_kind(plan.shape, Paned)
        self._series = Series(plan.by)
        self._on_time = Panes(plan.accumulators)
        self._corrections = Panes(plan.accumulators)
        self._on_time_tables = PaneTables(plan)
        self._correction_tables = PaneTables(plan)
        self._watermark_ns = NO_TIME
        self.dropped = 0
        """Events that came after the last result of every window they are in (see `add`)."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return not self._on_time.open and not self._corrections.open

    def add(self, on_time: Part | None, corrections: Part | None) -> list[pl.DataFrame]:
        """Merge what a batch brought in.

        Where a partition wakes from idleness in another process, on-time events can arrive behind
        the watermark: they become corrections, and past the allowed lateness they are given back,
        and counted in `dropped`.
        """
        late: list[pl.DataFrame] = []
        if on_time is not None and on_time.rows.height:
            panes = on_time.rows[PANE].to_numpy()
            closed = earliest_end(self._shape, panes) <= self._watermark_ns
            if closed.any():
                passed = pl.col(PANE).is_in(np.unique(panes[closed]))
                late += self._correct(on_time.filter(passed))
                on_time = on_time.filter(~passed)
            self._merge(self._on_time, self._on_time_tables, on_time)
        if corrections is not None and corrections.rows.height:
            late += self._correct(corrections)
        return late

    def advance(self, watermark_ns: int) -> Part | None:
        """Close what the watermark has passed.

        Returns:
            rows of key columns, `CLOSED` and accumulators, by the windows' ends, early results
            before first and corrected ones, and tables with the same keys and `CLOSED`; None when
            nothing closed.
        """
        passed = self._watermark_ns
        if watermark_ns <= passed:
            return None
        lateness = self._plan.lateness_ns
        firsts = ends_between(self._shape, self._on_time.open, passed, watermark_ns)
        lasts = ends_between(
            self._shape, self._corrections.open, passed - lateness, watermark_ns - lateness
        )
        closed = [
            *(self._first(end, -left) for end, left in self._early(passed, watermark_ns)),
            *(self._first(end) for end in firsts),
            *(self._corrected(end) for end in lasts),
        ]
        self._watermark_ns = watermark_ns
        closed = [rows for rows in closed if rows[2].size]
        # Before series are renumbered.
        part = Part(self._frame(closed), self._tables(closed)) if closed else None
        self._forget()
        return part

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs, in pieces: keys, and each pane."""
        count = len(self._series)
        return {
            "layout": self._plan.layout,
            "keys": self._series.snapshot(),
            "on_time": self._on_time.snapshot(count),
            "corrections": self._corrections.snapshot(count),
            "on_time_tables": self._on_time_tables.snapshot(),
            "correction_tables": self._correction_tables.snapshot(),
            "watermark_ns": self._watermark_ns,
            "dropped": self.dropped,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of a window that was declared otherwise.
        """
        check_layout(self._plan, snapshot["layout"])
        self._series = Series.restored(self._plan.by, snapshot["keys"])
        self._on_time.restore(snapshot["on_time"], len(self._series))
        self._corrections.restore(snapshot["corrections"], len(self._series))
        self._on_time_tables.restore(snapshot["on_time_tables"])
        self._correction_tables.restore(snapshot["correction_tables"])
        self._watermark_ns = snapshot["watermark_ns"]
        self.dropped = snapshot["dropped"]

    @property
    def keys(self) -> int:
        """How many series there are; some may be in no pane any more."""
        return len(self._series)

    @property
    def open_panes(self) -> int:
        """How many panes hold something."""
        return len(self._on_time.open) + len(self._corrections.open)

    @property
    def nbytes(self) -> int:
        """Size of what the panes hold."""
        panes = self._on_time.nbytes + self._corrections.nbytes
        return panes + self._on_time_tables.nbytes + self._correction_tables.nbytes

    def note(self, rows: pl.DataFrame) -> None:
        """Nothing: series know their keys."""

    def refresh(self) -> None:
        """Forget series that are in no pane."""
        live = self._live()
        if live.size < len(self._series):
            self._renumber(live)

    def find(self, rows: pl.DataFrame) -> Slots:
        """Slot of each row's key, -1 for one that is not held."""
        return self._series.find(rows)

    def last_times(self) -> Array:
        """Highest event time of each slot."""
        count = len(self._series)
        return np.maximum(self._on_time.last_times(count), self._corrections.last_times(count))

    def forget(self, slots: Slots) -> None:
        """Drop series, and what panes hold of them."""
        self._renumber(np.setdiff1d(np.arange(len(self._series)), slots))

    def _merge(self, panes: Panes, tables: PaneTables, part: Part) -> None:
        rows = part.rows
        slots = self._series.slots(rows)
        panes.add(rows[PANE].to_numpy(), slots, partial_columns(rows, self._plan.accumulators))
        for name, table in part.tables.items():
            tables.add(name, self._series.slots(table), table)

    def _correct(self, part: Part) -> list[pl.DataFrame]:
        late_rows = []
        panes = part.rows[PANE].to_numpy()
        over = latest_end(self._shape, panes) + self._plan.lateness_ns <= self._watermark_ns
        if over.any():
            late = pl.col(PANE).is_in(np.unique(panes[over]))
            late_rows.append(part.rows.filter(late))
            self.dropped += int(late_rows[0][ROWS.name].sum())
            part = part.filter(~late)
        self._merge(self._corrections, self._correction_tables, part)
        return late_rows

    def _early(self, after: int, until: int) -> list[tuple[int, int]]:
        """Ends of the windows with an early result due in (after, until], and how many are left."""
        due = []
        for left in range(self._shape.early_results, 0, -1):
            ahead = left * self._shape.early_ns
            ends = ends_between(self._shape, self._on_time.open, after + ahead, until + ahead)
            due += [(end, left) for end in ends]
        return due

    def _first(self, end: int, revision: int = 0) -> _Rows:
        panes = self._panes(end, revision)
        slots = self._on_time.live(*panes, len(self._series))
        return end, revision, slots, self._on_time.over(*panes, slots)

    def _corrected(self, end: int) -> _Rows:
        panes = self._panes(end)
        slots = self._corrections.live(*panes, len(self._series))
        on_time, late = self._on_time.over(*panes, slots), self._corrections.over(*panes, slots)
        return end, 1, slots, merge_two(self._plan.accumulators, on_time, late)

    def _frame(self, closed: list[_Rows]) -> pl.DataFrame:
        slots = np.concatenate([rows[2] for rows in closed])
        counts = [rows[2].size for rows in closed]
        ends = np.repeat(np.array([rows[0] for rows in closed], np.int64), counts)
        revisions = np.repeat(np.array([rows[1] for rows in closed], np.int64), counts)
        columns = self._series.columns(slots)
        columns += [
            pl.Series("time_ns", ends),
            pl.Series("start_ns", ends - self._shape.size_ns),
            pl.Series("revision", revisions),
        ]
        for held in self._plan.accumulators:
            values = np.concatenate([rows[3][held.name] for rows in closed])
            columns.append(pl.Series(held.name, values))
        return pl.DataFrame(columns)

    def _tables(self, closed: list[_Rows]) -> dict[str, pl.DataFrame]:
        """Tables of the closed windows; a corrected result is of on-time events too."""
        return {
            table.name: pl.concat([self._closed_table(table, *rows[:3]) for rows in closed])
            for table in self._plan.tables
        }

    def _closed_table(self, table: Table, end: int, revision: int, slots: Slots) -> pl.DataFrame:
        panes = self._panes(end, revision)
        rows = self._on_time_tables.over(table.name, *panes, slots)
        if revision > 0:
            late = self._correction_tables.over(table.name, *panes, slots)
            rows = table.merge(pl.concat([rows, late]), [SLOT])
        places = (end, end - self._shape.size_ns, revision)
        keys = self._series.columns(rows[SLOT].to_numpy())
        at = [
            pl.Series(name, [place], dtype=pl.Int64).new_from_index(0, rows.height)
            for name, place in zip(CLOSED, places, strict=True)
        ]
        return pl.DataFrame([*keys, *at, *(rows[column] for column in table.schema)])

    def _panes(self, end: int, revision: int = 0) -> tuple[int, int]:
        """First pane and number of panes of a result of the window that ends there."""
        shape = self._shape
        length_ns = shape.size_ns + min(revision, 0) * shape.early_ns
        return (end - shape.size_ns) // shape.pane_ns, length_ns // shape.pane_ns

    def _forget(self) -> None:
        """Drop panes that no result to come can need, and series that only they held."""
        both = (self._on_time, self._on_time_tables), (self._corrections, self._correction_tables)
        dropped = False
        for panes, tables in both:
            held = np.array(panes.open, np.int64)
            needed = held[
                latest_end(self._shape, held) + self._plan.lateness_ns > self._watermark_ns
            ]
            before = int(needed[0]) if needed.size else int(held[-1]) + 1 if held.size else 0
            if panes.drop_before(before):
                tables.drop_before(before)
                dropped = True
        if dropped:
            self._compact()

    def _compact(self) -> None:
        count = len(self._series)
        if not self._plan.by or count < _COMPACT_ABOVE:
            return
        live = self._live()
        if live.size * _SPARE <= count:
            self._renumber(live)

    def _live(self) -> Slots:
        count = len(self._series)
        return np.union1d(self._on_time.all_live(count), self._corrections.all_live(count))

    def _renumber(self, slots: Slots) -> None:
        self._series = self._series.kept(slots)
        for panes in (self._on_time, self._corrections):
            panes.renumber(slots)
        for tables in (self._on_time_tables, self._correction_tables):
            tables.renumber(slots)
