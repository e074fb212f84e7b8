"""One window in one key group: what is open, and what the watermark closes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from operators.windows.accumulators import ROWS
from operators.windows.merging import Array, merge_two
from operators.windows.paned.ends import earliest_end, first_needed, latest_end
from operators.windows.paned.merging import SLOT
from operators.windows.paned.preaggregate import PANE
from operators.windows.paned.store import END, PaneStore
from operators.windows.part import Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.saved import check_layout
from operators.windows.series import Series, Slots
from operators.windows.shapes import Paned, of_kind
from tidegauge.batch import NO_TIME
from tidegauge.fieldtypes import FieldType

_COMPACT_ABOVE = 1024
"""Fewer series than this are never worth renumbering."""
_SPARE = 16
"""Series that were held for each that is. A key that comes now and then, but is in no open window
for a while, would else be forgotten and met anew each time."""


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
        self._by_slot = replace(plan, by={SLOT: FieldType.INT})
        self._on_time = PaneStore(self._by_slot)
        self._corrections = PaneStore(self._by_slot)
        self._watermark_ns = NO_TIME
        self.dropped = 0
        """Events that came after the last result of every window they are in (see `add`)."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return self._on_time.empty and self._corrections.empty

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
            self._merge(self._on_time, on_time)
        if corrections is not None and corrections.rows.height:
            late += self._correct(corrections)
        return late

    def advance(self, watermark_ns: int) -> Iterator[Part]:
        """Close what the watermark has passed.

        Yields:
            rows of key columns, `CLOSED` and accumulators, early results before first and corrected
            ones, each by the windows' ends, and tables with the same keys and `CLOSED`.
        """
        passed = self._watermark_ns
        if watermark_ns <= passed:
            return
        shape, lateness = self._shape, self._plan.lateness_ns
        for left in range(shape.early_results, 0, -1):
            # An early result is a shorter window with the same start.
            early = replace(shape, size_ns=shape.size_ns - left * shape.early_ns)
            yield from self._firsts(early, passed, watermark_ns, left)
        yield from self._firsts(shape, passed, watermark_ns)
        yield from self._corrected(passed - lateness, watermark_ns - lateness)
        self._watermark_ns = watermark_ns
        # Not before: series are renumbered.
        self._forget()

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs, in pieces: keys, and each pane."""
        count = len(self._series)
        return {
            "layout": self._plan.layout,
            "keys": self._series.snapshot(),
            "on_time": self._on_time.snapshot(count),
            "corrections": self._corrections.snapshot(count),
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
        self._watermark_ns = snapshot["watermark_ns"]
        self.dropped = snapshot["dropped"]

    @property
    def keys(self) -> int:
        """How many series there are; some may be in no pane any more."""
        return len(self._series)

    @property
    def key_bytes(self) -> int:
        """Bytes of the texts of their keys together."""
        return self._series.text_bytes

    def held(self) -> int:
        """How many series there are: those that come now and then are kept while they are few."""
        return len(self._series)

    @property
    def open_panes(self) -> int:
        """How many panes hold something."""
        return len(self._on_time.open) + len(self._corrections.open)

    @property
    def nbytes(self) -> int:
        """Size of what the panes hold."""
        return self._on_time.nbytes + self._corrections.nbytes

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

    def _merge(self, panes: PaneStore, part: Part) -> None:
        if part.rows.height:
            slots = self._series.slots(part.rows)
            tables = {
                name: (self._series.slots(table), table)
                for name, table in part.tables.items()
                if table.height
            }
            panes.add(part.rows, slots, tables, len(self._series))

    def _correct(self, part: Part) -> list[pl.DataFrame]:
        late_rows = []
        panes = part.rows[PANE].to_numpy()
        over = latest_end(self._shape, panes) + self._plan.lateness_ns <= self._watermark_ns
        if over.any():
            late = pl.col(PANE).is_in(np.unique(panes[over]))
            late_rows.append(part.rows.filter(late))
            self.dropped += int(late_rows[0][ROWS.name].sum())
            part = part.filter(~late)
        self._merge(self._corrections, part)
        return late_rows

    def _firsts(self, shape: Paned, after: int, until: int, left: int = 0) -> Iterator[Part]:
        """Results of on-time events alone; `left` results come before the first one."""
        for span in self._on_time.spans(shape, after, until):
            found = self._on_time.windows(shape, *span)
            if found is not None:
                yield self._closed(found, left * shape.early_ns, -left)

    def _corrected(self, after: int, until: int) -> Iterator[Part]:
        """Results of all events, for series and windows with a correction."""
        both = self._on_time, self._corrections
        for span in self._corrections.spans(self._shape, after, until):
            if all(panes.matrices_alone(self._shape, *span) for panes in both):
                yield from self._corrected_matrices(*span)
                continue
            late = self._corrections.windows(self._shape, *span)
            if late is None:
                continue
            on_time = self._on_time.windows(self._shape, *span, late.rows)
            if on_time is not None:
                late = self._together(late, on_time)
            yield self._closed(late, 0, 1)

    def _corrected_matrices(self, after: int, until: int) -> Iterator[Part]:
        """The same where all panes are full: the usual case, and the fastest."""
        made = []
        for end, slots, late in self._corrections.found(self._shape, after, until):
            on_time = self._on_time.over(self._shape, end, slots)
            made.append((end, slots, merge_two(self._plan.accumulators, on_time, late)))
        if made:
            yield self._closed(Part(self._corrections.framed(made)), 0, 1)

    def _together(self, late: Part, on_time: Part) -> Part:
        """Windows of corrections and of on-time events as those of both."""
        tables = {}
        for table in self._plan.tables:
            rows = [Part(p.tables[table.name]) for p in (late, on_time) if table.name in p.tables]
            if rows:
                tables[table.name] = table.merge(concat_parts(rows).rows, [SLOT, END])
        return Part(self._corrections.merged([late.rows, on_time.rows], self._shape), tables)

    def _closed(self, part: Part, ahead_ns: int, revision: int) -> Part:
        """Windows with keys and `CLOSED`; they end so much later than their content does."""

        def closed(frame: pl.DataFrame) -> pl.DataFrame:
            # Of arrays: what is computed with columns is a query for each.
            ends = frame[END].to_numpy() + ahead_ns
            return pl.DataFrame(
                [
                    *self._series.columns(frame[SLOT].to_numpy()),
                    pl.Series("time_ns", ends),
                    pl.Series("start_ns", ends - self._shape.size_ns),
                    pl.Series("revision", np.full(ends.size, revision, np.int64)),
                    *(frame[name] for name in frame.columns if name not in {SLOT, END}),
                ]
            )

        return Part(closed(part.rows), {n: closed(table) for n, table in part.tables.items()})

    def _forget(self) -> None:
        """Drop panes that no result to come can need, and series that only they held."""
        before = first_needed(self._shape, self._watermark_ns - self._plan.lateness_ns)
        dropped = [panes.drop_before(before) for panes in (self._on_time, self._corrections)]
        if any(dropped):
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
        return np.union1d(self._on_time.live(count), self._corrections.live(count))

    def _renumber(self, slots: Slots) -> None:
        self._series = self._series.kept(slots)
        for panes in (self._on_time, self._corrections):
            panes.renumber(slots)
