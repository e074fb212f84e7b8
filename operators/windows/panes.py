"""State of the open panes of one key group: a matrix of panes and series for each accumulator."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.windows.accumulators import ROWS, Accumulator, Merge

Array = npt.NDArray[Any]


class Panes:
    """Accumulators of every open pane and series.

    Series are numbered (slots) by whoever owns this; rows of the matrices are panes, in no order, and
    are used again when a pane is dropped. Matrices grow by doubling, so adding is amortised.
    """

    def __init__(self, accumulators: tuple[Accumulator, ...]) -> None:
        self._accumulators = accumulators
        self._row_of: dict[int, int] = {}
        self._free: list[int] = []
        self._slots = 0
        self._matrices: dict[str, Array] = {held.name: self._fresh(held, 0, 0) for held in accumulators}

    @property
    def open(self) -> list[int]:
        """Numbers of the panes that hold something, ascending."""
        return sorted(self._row_of)

    def add(self, panes: Array, slots: Array, partial: Mapping[str, Array]) -> None:
        """Merge rows in; no two rows may have the same pane and slot.

        Args:
            panes: pane number of each row.
            slots: slot of each row.
            partial: value of each accumulator for each row.
        """
        if not panes.size:
            return
        rows = self._rows(panes, int(slots.max()) + 1)
        at = rows * self._slots + slots
        flat = {name: matrix.reshape(-1) for name, matrix in self._matrices.items()}
        before = {name: column[at] for name, column in flat.items()}
        for held in self._accumulators:
            flat[held.name][at] = _merged(held, before, partial)

    def live(self, first: int, count: int, slots: int) -> Array:
        """Slots below `slots` that hold an event in any of `count` panes from `first` on, ascending."""
        rows = self._held(first, count)
        if not rows:
            return np.zeros(0, np.int64)
        events = self._matrices[ROWS.name][rows].sum(axis=0)
        return np.flatnonzero(events[:slots])

    def all_live(self, slots: int) -> Array:
        """Slots below `slots` that hold an event in any pane, ascending."""
        return np.flatnonzero(self._matrices[ROWS.name][:, :slots].sum(axis=0))

    def over(self, first: int, count: int, slots: Array) -> dict[str, Array]:
        """Accumulators over `count` panes from `first` on, one value for each of `slots`."""
        rows = self._held(first, count)
        if slots.size and int(slots.max()) >= self._slots:
            self._grow(0, int(slots.max()) + 1)
        if not rows:
            return {held.name: self._fresh(held, 1, slots.size)[0] for held in self._accumulators}
        parts = {name: matrix[np.ix_(rows, slots)] for name, matrix in self._matrices.items()}
        return {held.name: _combined(held, parts) for held in self._accumulators}

    def drop_before(self, pane: int) -> None:
        """Forget every pane below `pane`."""
        for gone in [number for number in self._row_of if number < pane]:
            row = self._row_of.pop(gone)
            for held in self._accumulators:
                self._matrices[held.name][row] = held.identity
            self._free.append(row)

    def snapshot(self, slots: int) -> dict[str, Any]:
        """A compact copy of the state of the first `slots` slots."""
        if slots > self._slots:
            self._grow(0, slots)
        rows = [self._row_of[pane] for pane in self.open]
        columns = {name: matrix[rows, :slots] for name, matrix in self._matrices.items()}
        return {"panes": self.open, "columns": columns}

    def restore(self, snapshot: dict[str, Any], keep: Array | None = None) -> None:
        """Take over what `snapshot` returned; `keep` selects slots, renumbering them."""
        self._row_of = {pane: row for row, pane in enumerate(snapshot["panes"])}
        self._free = []
        for held in self._accumulators:
            matrix = snapshot["columns"][held.name]
            matrix = matrix.copy() if keep is None else np.ascontiguousarray(matrix[:, keep])
            self._matrices[held.name] = matrix
            self._slots = matrix.shape[1]

    def _held(self, first: int, count: int) -> list[int]:
        return [self._row_of[pane] for pane in range(first, first + count) if pane in self._row_of]

    def _rows(self, panes: Array, slots: int) -> Array:
        numbers = np.unique(panes)
        missing = [number for number in numbers.tolist() if number not in self._row_of]
        if len(missing) > len(self._free) or slots > self._slots:
            self._grow(max(len(missing) - len(self._free), 0), slots)
        for number in missing:
            self._row_of[number] = self._free.pop()
        lookup = np.array([self._row_of[number] for number in numbers.tolist()])
        return lookup[np.searchsorted(numbers, panes)]

    def _grow(self, more_rows: int, slots: int) -> None:
        height = self._matrices[ROWS.name].shape[0]
        new_height = height + max(more_rows, height if more_rows else 0)
        new_slots = self._slots if slots <= self._slots else max(slots, 2 * self._slots, 16)
        for held in self._accumulators:
            matrix = self._fresh(held, new_height, new_slots)
            matrix[:height, : self._slots] = self._matrices[held.name]
            self._matrices[held.name] = matrix
        self._free.extend(range(height, new_height))
        self._slots = new_slots

    @staticmethod
    def _fresh(held: Accumulator, height: int, slots: int) -> Array:
        return np.full((height, slots), held.identity, np.int64 if held.integer else np.float64)


def partial_columns(frame: pl.DataFrame, accumulators: tuple[Accumulator, ...]) -> dict[str, Array]:
    """Accumulator columns of a pre-aggregated frame as arrays."""
    return {held.name: frame[held.name].to_numpy() for held in accumulators}


def _merged(held: Accumulator, a: Mapping[str, Array], b: Mapping[str, Array]) -> Array:
    old, new = a[held.name], b[held.name]
    match held.merge:
        case Merge.ADD:
            return old + new  # type: ignore[no-any-return]  # arrays of either type
        case Merge.LOWER:
            return np.minimum(old, new)  # type: ignore[no-any-return]  # as above
        case Merge.HIGHER:
            return np.maximum(old, new)  # type: ignore[no-any-return]  # as above
        case Merge.DEVIATION:
            return old + new + _between(held, a, b)  # type: ignore[no-any-return]  # as above


def _between(held: Accumulator, a: Mapping[str, Array], b: Mapping[str, Array]) -> Array:
    n_a, n_b = a[held.count], b[held.count]
    mean_a = a[held.total] / np.maximum(n_a, 1)
    mean_b = b[held.total] / np.maximum(n_b, 1)
    return (mean_b - mean_a) ** 2 * (n_a * n_b / np.maximum(n_a + n_b, 1))  # type: ignore[no-any-return]  # as above


def _combined(held: Accumulator, parts: Mapping[str, Array]) -> Array:
    """One value a slot over all rows of the parts."""
    rows = parts[held.name]
    match held.merge:
        case Merge.ADD:
            return rows.sum(axis=0)  # type: ignore[no-any-return]  # arrays of either type
        case Merge.LOWER:
            return rows.min(axis=0)  # type: ignore[no-any-return]  # as above
        case Merge.HIGHER:
            return rows.max(axis=0)  # type: ignore[no-any-return]  # as above
        case Merge.DEVIATION:
            n, totals = parts[held.count], parts[held.total]
            mean = totals.sum(axis=0) / np.maximum(n.sum(axis=0), 1)
            means = totals / np.maximum(n, 1)
            return (rows + n * (means - mean) ** 2).sum(axis=0)  # type: ignore[no-any-return]  # as above


def merge_windows(
    accumulators: tuple[Accumulator, ...], a: Mapping[str, Array], b: Mapping[str, Array]
) -> dict[str, Array]:
    """Two results of `Panes.over` for the same slots as one."""
    return {held.name: _merged(held, a, b) for held in accumulators}
