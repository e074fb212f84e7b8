"""A batch of events to one row for each key and pane, before anything leaves the worker that read it."""

import polars as pl

from operators.windows.plan import WindowPlan
from tidegauge.batch import TIME

PANE = "_pane"
"""Column: number of the pane, its start divided by its width (Int64)."""


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> pl.DataFrame:
    """Rows with the key columns, `PANE` and the accumulators."""
    if plan.where is not None:
        events = events.filter(plan.where)
    pane = (pl.col(TIME) // plan.pane_ns).alias(PANE)
    return events.group_by(*plan.by, pane).agg(held.partial.alias(held.name) for held in plan.accumulators)
