"""Panes of one sort, on time or corrections: matrices of the full ones, rows of all others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from operators.windows.accumulators import LAST
from operators.windows.merging import Array
from operators.windows.ordered import Ordered
from operators.windows.paned.ends import all_ends, any_end, ends_between, ends_of, first_needed
from operators.windows.paned.merging import SLOT, merge_slots
from operators.windows.paned.panes import Panes, distinct, partial_columns
from operators.windows.paned.preaggregate import PANE
from operators.windows.part import ROWS_AT_ONCE, Part
from operators.windows.plan import WindowPlan
from operators.windows.saved import tables_of_version_3
from operators.windows.series import Slots
from operators.windows.shapes import Paned

END = "time_ns"
"""Column of windows: where they end."""

Window = tuple[int, Slots, Mapping[str, Array]]
"""End of a window, series, and the accumulators of those."""

FULL = 16
"""A pane is full that has rows of one in so many series."""
_FEW_PANES = 16
"""In batches with more panes those are not full that have few rows: a window costs some time."""
_FEW_ROWS = 32
_NARROW = 256
"""Where there are no more series a matrix costs little, whatever it holds."""


class PaneStore:
    """Accumulators and tables of open panes, by series.

    A full pane is a row of a matrix, where windows are closed fastest; panes that hold few of the
    series are rows by pane and series, so that they cost what they hold and not keys times panes,
    and any number of their windows is closed at once. Which panes are full makes no difference to
    the results. Tables are held as rows in either case.

    Args:
        plan: the window, with `SLOT` as its only key.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._full = Panes(plan.accumulators)
        self._rows = Ordered(PANE, self._less)
        self._counts: dict[int, int] = {}

    @property
    def open(self) -> list[int]:
        """Numbers of the panes that hold something, ascending."""
        return sorted({*self._full.open, *self._counts})

    @property
    def empty(self) -> bool:
        """Whether it holds nothing."""
        return not self._full.open and not self._counts

    @property
    def nbytes(self) -> int:
        """Size of matrices and rows."""
        return self._full.nbytes + self._rows.nbytes

    def add(
        self,
        rows: pl.DataFrame,
        slots: Slots,
        tables: Mapping[str, tuple[Slots, pl.DataFrame]],
        series: int,
    ) -> None:
        """Merge rows in.

        Args:
            rows: with `PANE`, of which no two rows of a series have the same.
            slots: series of each row.
            tables: series of each row, and rows with `PANE`, of each table.
            series: how many series there are.
        """
        panes = rows[PANE].to_numpy()
        full = self._fill(panes, series)
        if full.all():
            self._merge(panes, slots, partial_columns(rows, self._plan.accumulators))
            scattered = self._nothing
        else:
            scattered = slotted(rows, slots, self._columns)
            if full.any():
                at = np.flatnonzero(full)
                columns = partial_columns(rows, self._plan.accumulators)
                some = {name: column[at] for name, column in columns.items()}
                self._merge(panes[at], slots[at], some)
                scattered = scattered[np.flatnonzero(~full)]
        if scattered.height or tables:
            found = {
                table.name: slotted(tables[table.name][1], tables[table.name][0], [*table.schema])
                for table in self._plan.tables
                if table.name in tables
            }
            self._rows.add(Part(scattered, found))

    @property
    def _columns(self) -> list[str]:
        return [held.name for held in self._plan.accumulators]

    @cached_property
    def _nothing(self) -> pl.DataFrame:
        """No rows."""
        kinds = {h.name: pl.Int64 if h.integer else pl.Float64 for h in self._plan.accumulators}
        return pl.DataFrame(schema={SLOT: pl.Int64, PANE: pl.Int64, **kinds})

    def windows(
        self, shape: Paned, after: int, until: int, only: pl.DataFrame | None = None
    ) -> Part | None:
        """Windows that end in (after, until], by `SLOT` and `END`; None for none.

        Args:
            shape: the windows, of the same panes.
            after: nanoseconds.
            until: nanoseconds.
            only: those that are asked for, by `SLOT` and `END`, sorted by that; None for all.
        """
        made = self._of_matrices(shape, after, until, only)
        held = self._between(shape, after, until)
        if held is None:
            return None if made is None else Part(made)
        rows, tables = _placed(shape, held.rows, after, until, only), {}
        for table in self._plan.tables:
            if table.name in held.tables:
                placed = _placed(shape, held.tables[table.name], after, until, only)
                tables[table.name] = table.merge(placed, [SLOT, END])
        rows = self.merged([rows] if made is None else [made, rows], shape)
        return Part(rows, tables) if rows.height else None

    def merged(self, frames: Sequence[pl.DataFrame], shape: Paned) -> pl.DataFrame:
        """One row for each window and series, sorted by both."""
        return merge_slots(self._plan.accumulators, frames, END, shape.every_ns)

    def spans(self, shape: Paned, after: int, until: int) -> Iterator[tuple[int, int]]:
        """(after, until] in pieces of about so many rows of windows as memory bears."""
        if not any_end(shape, after, until):
            return
        most = len(self._rows) + self._full.slots
        if ((until - after) // shape.every_ns + 1) * most <= ROWS_AT_ONCE:
            yield after, until
            return
        ends = ends_between(shape, self._full.open, after, until)
        rows, bounds = len(ends) * self._full.slots, ends[:1] + ends[-1:]
        held = self._between(shape, after, until)
        for frame in (held.rows, *held.tables.values()) if held else ():
            if frame.height:
                found = ends_of(shape, frame[PANE].to_numpy(), after, until)
                there = found.counts > 0
                if there.any():
                    last = found.first + (found.counts - 1) * shape.every_ns
                    rows += int(found.counts.sum())
                    bounds += [int(found.first[there].min()), int(last[there].max())]
        if not bounds:
            return
        lowest, highest = min(bounds), max(bounds)
        steps = (highest - lowest) // shape.every_ns
        if rows <= ROWS_AT_ONCE or not steps:
            yield after, until
            return
        middle = lowest + steps // 2 * shape.every_ns
        yield from self.spans(shape, after, middle)
        yield from self.spans(shape, middle, until)

    def drop_before(self, pane: int) -> bool:
        """Forget every pane below `pane`; whether there was one."""
        gone = [number for number in self._counts if number < pane]
        for number in gone:
            del self._counts[number]
        self._rows.drop(pane)
        return self._full.drop_before(pane) or bool(gone)

    def last_times(self, series: int) -> Array:
        """Highest event time in any pane of each of the series."""
        found = self._full.last_times(series)
        for run in self._rows.runs:
            np.maximum.at(found, run.rows[SLOT].to_numpy(), run.rows[LAST.name].to_numpy())
        return found

    def live(self, series: int) -> Slots:
        """Series that a pane holds, ascending."""
        found = [self._full.all_live(series)]
        found += [run.rows[SLOT].to_numpy() for run in self._rows.runs]
        live: Slots = np.unique(np.concatenate(found))
        return live

    def renumber(self, keep: Slots) -> None:
        """Keep these series only (ascending), giving them new numbers in their order."""

        def kept(frame: pl.DataFrame) -> pl.DataFrame:
            slots = frame[SLOT].to_numpy()
            inside = np.isin(slots, keep)
            rows = frame if inside.all() else frame.filter(pl.Series(inside))
            return rows.with_columns(pl.Series(SLOT, np.searchsorted(keep, slots[inside])))

        self._full.renumber(keep)
        self._rows.change(lambda run: _each(run, kept))
        self._count()

    def snapshot(self, series: int) -> dict[str, Any]:
        """Everything a restart needs: a piece for each full pane, and runs of rows."""
        return {"full": self._full.snapshot(series), "rows": self._rows.runs}

    def restore(self, snapshot: Mapping[str, Any], series: int) -> None:
        """Take over what `snapshot` returned, of so many series."""
        self._full.restore(snapshot["full"], series)
        self._rows.hold(snapshot["rows"])
        # Of version 3, which had other rows of tables and none of panes.
        tables = tables_of_version_3(snapshot.get("tables", {}), PANE)
        if tables:
            self._rows.add(Part(self._nothing, tables))
        self._count()

    def _less(self, part: Part) -> Part:
        """What is held as rows, merged."""
        tables = {
            table.name: table.merge(part.tables[table.name], [SLOT, PANE])
            for table in self._plan.tables
            if table.name in part.tables
        }
        return Part(merge_slots(self._plan.accumulators, [part.rows], PANE), tables)

    def _count(self) -> None:
        """Rows of the panes that are not full."""
        self._counts = {}
        for run in self._rows.runs:
            numbers, counts = np.unique(run.rows[PANE].to_numpy(), return_counts=True)
            for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
                self._counts[number] = self._counts.get(number, 0) + count

    def _fill(self, panes: Array, series: int) -> Array:
        """For each row whether its pane is full, with what was held of it as rows until now."""
        numbers = distinct(panes)
        at = np.searchsorted(numbers, panes) if numbers.size > 1 else np.zeros(panes.size, np.int64)
        counts, full = np.bincount(at), np.zeros(numbers.size, bool)
        least = _FEW_ROWS if numbers.size > _FEW_PANES else 1
        for place, number in enumerate(numbers.tolist()):
            if number in self._full:
                full[place] = True
                continue
            count = int(counts[place]) + self._counts.get(number, 0)
            full[place] = (count * FULL >= series or series <= _NARROW) and count >= least
            if not full[place]:
                self._counts[number] = count
            elif self._counts.pop(number, 0):
                self._promote(number)
        flags: Array = full[at]
        return flags

    def _promote(self, pane: int) -> None:
        """Make a matrix row of the rows of a pane."""
        held = self._rows.between(pane, pane + 1)

        def without(run: Part) -> Part:
            start, end = np.searchsorted(run.rows[PANE].to_numpy(), [pane, pane + 1])
            if start == end:
                return run
            rest = np.delete(np.arange(run.rows.height), np.s_[start:end])
            return Part(run.rows[rest] if rest.size else run.rows.clear(), run.tables)

        if held is not None and held.rows.height:
            self._rows.change(without)
            rows = merge_slots(self._plan.accumulators, [held.rows], PANE)
            columns = partial_columns(rows, self._plan.accumulators)
            self._merge(rows[PANE].to_numpy(), rows[SLOT].to_numpy(), columns)

    def _merge(self, panes: Array, slots: Slots, columns: Mapping[str, Array]) -> None:
        """Put rows into matrices; those that would be too wide for what they hold are given up."""
        for pane in self._full.thin(int(slots.max()) + 1, 2 * FULL):
            found, content = self._full.pop(pane)
            at = [pl.Series(SLOT, found), pl.Series(PANE, np.full(found.size, pane, np.int64))]
            frame = pl.DataFrame([*at, *(pl.Series(n, column) for n, column in content.items())])
            self._rows.add(Part(frame))
            self._counts[pane] = found.size
        self._full.add(panes, slots, columns)

    def _between(self, shape: Paned, after: int, until: int) -> Part | None:
        if not self._rows or not any_end(shape, after, until):
            return None
        return self._rows.between(first_needed(shape, after), until // shape.pane_ns + 1)

    def matrices_alone(self, shape: Paned, after: int, until: int) -> bool:
        """Whether windows that end in (after, until] hold nothing but matrices."""
        return self._between(shape, after, until) is None

    def found(
        self, shape: Paned, after: int, until: int, only: Mapping[int, Slots] | None = None
    ) -> list[Window]:
        """Windows of full panes; of some ends and series, or of all."""
        found = []
        for end in ends_between(shape, self._full.open, after, until):
            slots = self._full.live(*_panes(shape, end)) if only is None else only.get(end)
            if slots is not None and slots.size:
                slots = slots[slots < self._full.slots]
                found.append((end, slots, self.over(shape, end, slots)))
        return [window for window in found if window[1].size]

    def over(self, shape: Paned, end: int, slots: Slots) -> dict[str, Array]:
        """Accumulators of series in the full panes of a window."""
        return self._full.over(*_panes(shape, end), slots)

    def _of_matrices(
        self, shape: Paned, after: int, until: int, only: pl.DataFrame | None
    ) -> pl.DataFrame | None:
        """The same as a frame."""
        found = self.found(shape, after, until, None if only is None else _slots_by_end(only))
        return self.framed(found) if found else None

    def framed(self, found: Sequence[Window]) -> pl.DataFrame:
        """Windows as rows by `SLOT` and `END`."""
        counts = [slots.size for _, slots, _ in found]
        columns = [
            pl.Series(SLOT, np.concatenate([slots for _, slots, _ in found])),
            pl.Series(END, np.repeat(np.array([end for end, _, _ in found], np.int64), counts)),
        ]
        for held in self._plan.accumulators:
            values = np.concatenate([content[held.name] for _, _, content in found])
            columns.append(pl.Series(held.name, values))
        return pl.DataFrame(columns)


def _panes(shape: Paned, end: int) -> tuple[int, int]:
    """First pane and number of panes of a window."""
    return (end - shape.size_ns) // shape.pane_ns, shape.panes_per_window


def slotted(rows: pl.DataFrame, slots: Slots, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of rows, with the numbers of their series and of their panes."""
    return pl.DataFrame([pl.Series(SLOT, slots), *(rows[name] for name in (PANE, *columns))])


def _each(part: Part, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Part:
    return Part(change(part.rows), {name: change(table) for name, table in part.tables.items()})


def _slots_by_end(places: pl.DataFrame) -> dict[int, Slots]:
    """Slots of each end; `places` are sorted by it."""
    ends, starts = np.unique(places[END].to_numpy(), return_index=True)
    slots = np.split(places[SLOT].to_numpy(), starts[1:])
    return dict(zip(ends.tolist(), slots, strict=True))


def _placed(
    shape: Paned, frame: pl.DataFrame, after: int, until: int, only: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows of panes as rows of each window in (after, until] that they are in."""
    if not frame.height:
        return frame.rename({PANE: END})
    found = ends_of(shape, frame[PANE].to_numpy(), after, until)
    ends = found.first
    if not (found.counts == 1).all():
        at, ends = all_ends(shape.every_ns, found)
        frame = frame[at]
    columns = [frame[name] for name in frame.columns if name != PANE]
    placed = pl.DataFrame([*columns, pl.Series(END, ends)])
    return placed if only is None else placed.join(only, on=[SLOT, END], how="semi")
