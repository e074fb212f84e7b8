"""Accumulators of several parts of the events, merged to those of all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.windows.accumulators import Accumulator, Merge
from operators.windows.part import Part
from operators.windows.plan import WindowPlan

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
            # Of values near the largest float it is not finite, and null in the record.
            with np.errstate(over="ignore", invalid="ignore"):
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


def merge_part(plan: WindowPlan, part: Part, places: Sequence[str]) -> Part:
    """One row for each key and place, and one table: what several parts, put together, amount to.

    Args:
        plan: the window.
        part: rows of several parts; keys and places may occur more than once.
        places: columns that, with the keys, say what is to be merged.
    """
    by = [*plan.by, *places]
    tables = {
        table.name: table.merge(part.tables[table.name], by)
        for table in plan.tables
        if table.name in part.tables
    }
    return Part(merge_frame(plan.accumulators, part.rows, by), tables)


def merge_frame(
    accumulators: tuple[Accumulator, ...], rows: pl.DataFrame, by: Sequence[str]
) -> pl.DataFrame:
    """One row for each value of the columns `by`, by the same rules as `merge_rows`."""
    whole = {held.name for held in accumulators if held.integer}
    merged = [
        _expression(held, whole=held.lowest in whole).alias(held.name) for held in accumulators
    ]
    return rows.group_by(by).agg(merged) if by else rows.select(merged)


def _expression(held: Accumulator, *, whole: bool) -> pl.Expr:
    column = pl.col(held.name)
    match held.merge:
        case Merge.ADD:
            return column.sum()
        case Merge.LOWER:
            return column.min()
        case Merge.HIGHER:
            return column.max()
        case Merge.DISTANCE:
            raised = _raised_expression(held, whole=whole)
            return (column + pl.col(held.count) * raised).sum()
        case Merge.DEVIATION:
            counts = pl.col(held.count)
            raised = _raised_expression(held, whole=whole)
            means = raised + pl.col(held.distance) / counts.clip(lower_bound=1)
            mean = (counts * means).sum() / counts.sum().clip(lower_bound=1)
            return (column + counts * (means - mean) ** 2).sum()


def _raised_expression(held: Accumulator, *, whole: bool) -> pl.Expr:
    raised = pl.col(held.lowest) - pl.col(held.lowest).min()
    if whole:
        raised = raised.reinterpret(signed=False)
    return pl.when(pl.col(held.count) > 0).then(raised.cast(pl.Float64)).otherwise(0.0)
