"""A batch of events to a row for each key and pane, before it leaves the worker that read it."""

import polars as pl

from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.shapes import Paned, of_kind
from tidegauge.batch import TIME
from tidegauge.fieldtypes import FieldType

PANE = "_pane"
"""Column: number of the pane, its start divided by its width (Int64)."""


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> Part:
    """Rows with the key columns, `PANE` and the accumulators, and tables with keys and `PANE`.

    A key that is NaN, which equals nothing, counts as null; -0.0 is 0.0.
    """
    if plan.where is not None:
        events = events.filter(plan.where)
    floats = [key for key, kind in plan.by.items() if kind is FieldType.FLOAT]
    if floats:
        events = events.with_columns(pl.col(floats).fill_nan(None) + 0.0)
    keys = [*map(pl.col, plan.by), (pl.col(TIME) // of_kind(plan.shape, Paned).pane_ns).alias(PANE)]
    if plan.distances:
        events = events.with_columns(distance.over(keys) for distance in plan.distances)
    rows = events.group_by(keys).agg(held.partial.alias(held.name) for held in plan.accumulators)
    if not plan.tables:
        return Part(rows)
    placed, by = events.with_columns(keys), [*plan.by, PANE]
    return Part(rows, {table.name: table.collect(placed, by) for table in plan.tables})
