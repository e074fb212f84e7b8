"""A batch of events to a row for each key and step."""

import polars as pl

from operators.windows.collecting import collect, wanted
from operators.windows.cumulative.periods import Periods
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.shapes import Cumulative, of_kind
from tidegauge.batch import TIME

PERIOD = "_period"
"""Column: start of the period, nanoseconds since the epoch (Int64)."""
STEP = "_step"
"""Column: end of the step, nanoseconds since the epoch (Int64)."""


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> Part:
    """Rows with the key columns, `PERIOD`, `STEP` and the accumulators."""
    events = wanted(plan, events)
    periods = Periods(of_kind(plan.shape, Cumulative))
    starts, ends = periods.steps(events[TIME].to_numpy())
    placed = events.with_columns(pl.Series(PERIOD, starts), pl.Series(STEP, ends))
    return collect(plan, placed, [PERIOD, STEP])
