"""State of the open panes of one key group: a matrix of panes and series for each accumulator."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from operators.keygroups.pieces import Piece
from operators.windows.accumulators import LAST, ROWS, Accumulator
from operators.windows.merging import Array, merge_rows, merge_two

_OVER_ALL = (ROWS, LAST)
"""What is asked of all rows, also of unused ones. The others hold anything until they are used:
memory that nothing was written to costs nothing."""
_ROOMY = 4
"""Room for so many times the series that are left is given back."""


class Panes:
    """Accumulators of every open pane and series.

    Series are numbered (slots) by whoever owns this; rows of the matrices are panes, in no order,
    and are used again when a pane is dropped. Matrices grow by doubling, so adding is amortised.
    """

    def __init__(self, accumulators: tuple[Accumulator, ...]) -> None:
        self._accumulators = accumulators
        self._row_of: dict[int, int] = {}
        self._free: list[int] = []
        self._slots = 0
        self._matrices = {held.name: _fresh(held, 0, 0) for held in accumulators}
        self._saved: dict[int, Piece] = {}

    @property
    def open(self) -> list[int]:
        """Numbers of the panes that hold something, ascending."""
        return sorted(self._row_of)

    @property
    def slots(self) -> int:
        """How many series the matrices have room for."""
        return self._slots

    def __contains__(self, pane: int) -> bool:
        """Whether a pane holds something."""
        return pane in self._row_of

    def add(self, panes: Array, slots: Array, partial: Mapping[str, Array]) -> None:
        """Merge rows in; no two rows may have the same pane and slot.

        Args:
            panes: pane number of each row.
            slots: slot of each row.
            partial: value of each accumulator for each row.
        """
        if not panes.size:
            return
        numbers = distinct(panes)
        rows = self._rows(panes, numbers, int(slots.max()) + 1)
        at = rows * self._slots + slots
        for pane in numbers.tolist():
            self._saved.pop(pane, None)
        flat = {name: matrix.reshape(-1) for name, matrix in self._matrices.items()}
        merged = self._with_held(flat, at, partial)
        for name, column in flat.items():
            column[at] = merged[name]

    def live(self, first: int, count: int) -> Array:
        """Slots with an event in any of `count` panes from `first` on, ascending."""
        rows = self._held(first, count)
        if not rows.size:
            return np.zeros(0, np.int64)
        events = self._matrices[ROWS.name][rows].sum(axis=0)
        return np.flatnonzero(events)

    def thin(self, slots: int, share: int) -> list[int]:
        """Panes that would hold less than one in `share`, had the matrices to grow for `slots`."""
        if slots <= self._slots or not self._row_of:
            return []
        least = self._grown(slots) // share
        live = np.count_nonzero(self._matrices[ROWS.name], axis=1)
        return [pane for pane, row in self._row_of.items() if live[row] < least]

    def pop(self, pane: int) -> tuple[Array, dict[str, Array]]:
        """Forget a pane; the slots that it holds something of, and their accumulators."""
        row = self._row_of[pane]
        live = np.flatnonzero(self._matrices[ROWS.name][row])
        columns = {name: matrix[row, live] for name, matrix in self._matrices.items()}
        self._let_go(pane)
        return live, columns

    def last_times(self, slots: int) -> Array:
        """Highest event time in any pane of each of the first `slots` slots."""
        found = np.full(slots, LAST.identity, np.int64)
        held = self._matrices[LAST.name][:, :slots]
        if held.size:
            found[: held.shape[1]] = held.max(axis=0)
        return found

    @property
    def nbytes(self) -> int:
        """Size of the matrices."""
        return sum(matrix.nbytes for matrix in self._matrices.values())

    def all_live(self, slots: int) -> Array:
        """Slots below `slots` that hold an event in any pane, ascending."""
        return np.flatnonzero(self._matrices[ROWS.name][:, :slots].sum(axis=0))

    def over(self, first: int, count: int, slots: Array) -> dict[str, Array]:
        """Accumulators over `count` panes from `first` on, one value for each of `slots`."""
        rows = self._held(first, count)
        if slots.size and int(slots.max()) >= self._slots:
            self._grow(0, int(slots.max()) + 1)
        if not rows.size:
            return {held.name: _fresh(held, 1, slots.size)[0] for held in self._accumulators}
        every = slots.size and slots.size == int(slots.max()) + 1
        # Whole rows are copied much faster than places of them are gathered.
        at = (rows, slice(slots.size)) if every else np.ix_(rows, slots)
        parts = {name: matrix[at] for name, matrix in self._matrices.items()}
        if rows.size == 1:
            return {name: part[0] for name, part in parts.items()}
        return merge_rows(self._accumulators, parts)

    def drop_before(self, pane: int) -> bool:
        """Forget every pane below `pane`; whether there was one."""
        dropped = [number for number in self._row_of if number < pane]
        for gone in dropped:
            self._let_go(gone)
        return bool(dropped)

    def renumber(self, keep: Array) -> None:
        """Keep these slots only (ascending), giving them new numbers in their order."""
        roomy = keep.size * _ROOMY < self._slots
        there = keep[keep < self._slots]
        for held in self._accumulators:
            matrix = self._matrices[held.name]
            kept = matrix[:, there]
            if roomy:
                matrix = self._matrices[held.name] = _fresh(held, matrix.shape[0], keep.size)
            matrix[:, : there.size] = kept
            matrix[:, there.size :] = held.identity
        self._slots = keep.size if roomy else self._slots
        self._saved = {}

    def snapshot(self, slots: int) -> dict[int, Piece]:
        """State of the first `slots` slots, a piece for each pane; those of before that hold."""
        for pane in self._row_of.keys() - self._saved.keys():
            self._saved[pane] = Piece(self._content(pane, slots))
        return {pane: self._saved[pane] for pane in self.open}

    def restore(self, snapshot: Mapping[int, Piece], slots: int) -> None:
        """Take over what `snapshot` returned, of so many slots."""
        self._row_of = {pane: row for row, pane in enumerate(snapshot)}
        self._free, self._slots, self._saved = [], slots, dict(snapshot)
        self._matrices = {
            held.name: _fresh(held, len(snapshot), slots) for held in self._accumulators
        }
        for row, piece in enumerate(snapshot.values()):
            held_slots, columns = piece.take()
            for name, column in columns.items():
                at = slice(column.size) if held_slots is None else held_slots
                self._matrices[name][row, at] = column

    def _content(self, pane: int, slots: int) -> tuple[Array | None, dict[str, Array]]:
        """Slots that hold something (None for all up to the last), and their accumulators."""
        row, end = self._row_of[pane], min(slots, self._slots)
        live = np.flatnonzero(self._matrices[ROWS.name][row, :end])
        sparse = 2 * live.size < end
        at = live if sparse else slice(end)
        columns = {name: matrix[row, at].copy() for name, matrix in self._matrices.items()}
        return (live if sparse else None), columns

    def _let_go(self, pane: int) -> None:
        row = self._row_of.pop(pane)
        self._saved.pop(pane, None)
        for held in _OVER_ALL:
            self._matrices[held.name][row] = held.identity
        self._free.append(row)

    def _grown(self, slots: int) -> int:
        """How many slots there would be if these had to be among them."""
        return self._slots if slots <= self._slots else max(slots, 2 * self._slots, 16)

    def _with_held(
        self, flat: Mapping[str, Array], at: Array, partial: Mapping[str, Array]
    ) -> Mapping[str, Array]:
        """Partial values, merged with what is held at their places: most are empty."""
        held = np.flatnonzero(flat[ROWS.name][at])
        if not held.size:
            return partial
        before = {name: column[at[held]] for name, column in flat.items()}
        more = {name: partial[name][held] for name in flat}
        merged = {name: partial[name].copy() for name in flat}
        for name, column in merge_two(self._accumulators, before, more).items():
            merged[name][held] = column
        return merged

    def _held(self, first: int, count: int) -> Array:
        wanted = range(first, first + count)
        return np.array([self._row_of[p] for p in wanted if p in self._row_of], np.int64)

    def _rows(self, panes: Array, numbers: Array, slots: int) -> Array:
        missing = [number for number in numbers.tolist() if number not in self._row_of]
        if len(missing) > len(self._free) or slots > self._slots:
            self._grow(max(len(missing) - len(self._free), 0), slots)
        for number in missing:
            self._row_of[number] = row = self._free.pop()
            for held in self._accumulators:
                self._matrices[held.name][row] = held.identity
        lookup = np.array([self._row_of[number] for number in numbers.tolist()])
        return lookup[np.searchsorted(numbers, panes)]

    def _grow(self, more_rows: int, slots: int) -> None:
        height = self._matrices[ROWS.name].shape[0]
        new_height = height + max(more_rows, height if more_rows else 0)
        new_slots = self._grown(slots)
        used = np.array(list(self._row_of.values()), np.int64)
        for held in self._accumulators:
            before = self._matrices[held.name]
            over_all = held in _OVER_ALL
            matrix = np.empty((new_height, new_slots), before.dtype)
            if over_all:
                matrix[:] = held.identity
            matrix[used, : self._slots] = before[used]
            if not over_all:
                matrix[used, self._slots :] = held.identity
            self._matrices[held.name] = matrix
        self._free.extend(range(height, new_height))
        self._slots = new_slots


def distinct(panes: Array) -> Array:
    """The numbers that occur, ascending: they are few, and close together."""
    first = int(panes.min())
    span = int(panes.max()) - first + 1
    if span > 4 * panes.size + 1_000:
        return np.unique(panes)
    found: Array = np.flatnonzero(np.bincount(panes - first, minlength=span)) + first
    return found


def partial_columns(frame: pl.DataFrame, accumulators: tuple[Accumulator, ...]) -> dict[str, Array]:
    """Accumulator columns of a pre-aggregated frame as arrays."""
    return {held.name: frame[held.name].to_numpy() for held in accumulators}


def _fresh(held: Accumulator, height: int, slots: int) -> Array:
    return np.full((height, slots), held.identity, np.int64 if held.integer else np.float64)
