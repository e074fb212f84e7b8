"""A batch of events to a row for each key and pane, before it leaves the worker that read it."""

import polars as pl

from operators.windows.collecting import collect, wanted
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.shapes import Paned, of_kind
from tidegauge.batch import TIME

PANE = "_pane"
"""Column: number of the pane, its start divided by its width (Int64)."""


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> Part:
    """Rows with the key columns, `PANE` and the accumulators, and tables with keys and `PANE`."""
    pane = (pl.col(TIME) // of_kind(plan.shape, Paned).pane_ns).alias(PANE)
    return collect(plan, wanted(plan, events).with_columns(pane), [PANE])
