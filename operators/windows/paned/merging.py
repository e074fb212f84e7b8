"""Rows of series in panes or windows, merged: by the rules of `operators.windows.merging`, sorted.

Rows that stand together are reduced at once, for most places have one row or two: there a query for
each group costs many times as much.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from operators.windows.accumulators import Accumulator, Merge
from operators.windows.merging import Array

SLOT = "_slot"
"""Column: number of the series (Int64)."""


def merge_slots(
    accumulators: Sequence[Accumulator], frames: Sequence[pl.DataFrame], place: str, unit: int = 1
) -> pl.DataFrame:
    """One row for each place and slot, sorted by both.

    Args:
        accumulators: the columns to merge.
        frames: at least one, with `SLOT`, `place` and the accumulators.
        place: column of panes, or of ends of windows.
        unit: distance of two places.
    """
    there = [frame for frame in frames if frame.height]
    if not there:
        return frames[0]

    def column(name: str) -> Array:
        arrays = [frame[name].to_numpy() for frame in there]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)

    places, slots = column(place), column(SLOT)
    code = (places - places.min()) // unit * (int(slots.max()) + 1) + slots
    order, begins = _order(code)
    if order is None and begins is None and len(there) == 1:
        return there[0]
    values = {held.name: column(held.name) for held in accumulators}
    if order is not None:
        places, slots = places[order], slots[order]
        values = {name: array[order] for name, array in values.items()}
    if begins is not None:
        places, slots = places[begins], slots[begins]
        values = _reduced(accumulators, values, begins)
    first = [pl.Series(SLOT, slots), pl.Series(place, places)]
    return pl.DataFrame([*first, *(pl.Series(name, values[name]) for name in values)])


def _order(code: Array) -> tuple[Array | None, Array | None]:
    """How places are put in order, and where each begins; None where they are, or each is once."""
    order, steps = None, np.diff(code)
    if (steps < 0).any():
        order = np.argsort(code, kind="stable")
        steps = np.diff(code[order])
    return order, None if steps.all() else np.concatenate(([0], np.flatnonzero(steps) + 1))


def _reduced(
    accumulators: Sequence[Accumulator], values: Mapping[str, Array], begins: Array
) -> dict[str, Array]:
    rows = next(iter(values.values())).size
    group = np.repeat(np.arange(begins.size), np.diff(np.append(begins, rows)))
    merged: dict[str, Array] = {}
    for held in accumulators:
        column = values[held.name]
        match held.merge:
            case Merge.LOWER:
                merged[held.name] = np.minimum.reduceat(column, begins)
            case Merge.HIGHER:
                merged[held.name] = np.maximum.reduceat(column, begins)
            case Merge.ADD:
                merged[held.name] = np.add.reduceat(column, begins)
            case Merge.DISTANCE:
                terms = column + values[held.count] * _raised(held, values, begins, group)
                merged[held.name] = np.add.reduceat(terms, begins)
            case Merge.DEVIATION:
                counts = values[held.count]
                raised = _raised(held, values, begins, group)
                means = raised + values[held.distance] / np.maximum(counts, 1)
                total = np.maximum(np.add.reduceat(counts, begins), 1)
                mean = (np.add.reduceat(counts * means, begins) / total)[group]
                merged[held.name] = np.add.reduceat(column + counts * (means - mean) ** 2, begins)
    return merged


def _raised(held: Accumulator, values: Mapping[str, Array], begins: Array, group: Array) -> Array:
    """How far the lowest value of each row lies above that of its place; 0 for an empty one."""
    counts, lowest = values[held.count], values[held.lowest]
    least = np.minimum.reduceat(lowest, begins)[group]
    # Nothing is subtracted where there is no value: the lowest is the highest number there is.
    there = counts > 0
    raised = np.where(there, lowest, 0) - np.where(there, least, 0)
    # Never negative: read without a sign it is right even past 63 bits.
    return raised.view(np.uint64).astype(np.float64) if raised.dtype == np.int64 else raised
