"""Accumulators of several parts of the events, merged to those of all of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from operators.windows.accumulators import Accumulator, Merge

Array = npt.NDArray[Any]


def merge_two(
    accumulators: tuple[Accumulator, ...], a: Mapping[str, Array], b: Mapping[str, Array]
) -> dict[str, Array]:
    """Merge two parts, place by place."""
    return merge_rows(accumulators, {name: np.stack((a[name], b[name])) for name in a})


def merge_rows(
    accumulators: tuple[Accumulator, ...], parts: Mapping[str, Array]
) -> dict[str, Array]:
    """Merge the rows of each accumulator's matrix: a row is a part, a column a place."""
    return {held.name: _merged(held, parts) for held in accumulators}


def _merged(held: Accumulator, parts: Mapping[str, Array]) -> Array:
    rows = parts[held.name]
    match held.merge:
        case Merge.ADD:
            merged: Array = rows.sum(axis=0)
        case Merge.LOWER:
            merged = rows.min(axis=0)
        case Merge.HIGHER:
            merged = rows.max(axis=0)
        case Merge.DISTANCE:
            merged = (rows + parts[held.count] * _raised(held, parts)).sum(axis=0)
        case Merge.DEVIATION:
            counts = parts[held.count]
            means = _raised(held, parts) + parts[held.distance] / np.maximum(counts, 1)
            mean = (counts * means).sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
            merged = (rows + counts * (means - mean) ** 2).sum(axis=0)
    return merged


def _raised(held: Accumulator, parts: Mapping[str, Array]) -> Array:
    """How far the lowest value of each part lies above the lowest of all; 0 for an empty part."""
    counts, lowest = parts[held.count], parts[held.lowest]
    least = np.where(counts.any(axis=0), lowest.min(axis=0), 0)
    raised: Array = np.where(counts > 0, lowest, least) - least
    # Never negative: read without a sign it is right even past 63 bits.
    return raised.view(np.uint64).astype(np.float64) if raised.dtype == np.int64 else raised
