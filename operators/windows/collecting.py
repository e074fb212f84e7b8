"""Events to accumulators and tables: the step every kind of window begins with."""

from collections.abc import Sequence

import polars as pl

from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from tidegauge.fieldtypes import FieldType


def wanted(plan: WindowPlan, events: pl.DataFrame) -> pl.DataFrame:
    """The events that count, with keys that compare: NaN, which equals nothing, is null."""
    if plan.where is not None:
        events = events.filter(plan.where)
    floats = [key for key, kind in plan.by.items() if kind is FieldType.FLOAT]
    return events.with_columns(_comparable(key) for key in floats) if floats else events


def _comparable(key: str) -> pl.Expr:
    number = pl.col(key).fill_nan(None)
    # -0.0 equals 0.0 and must look the same, too.
    return pl.when(number == 0).then(0.0).otherwise(number).alias(key)


def collect(plan: WindowPlan, events: pl.DataFrame, places: Sequence[str]) -> Part:
    """Accumulators and tables of events that have the columns `places`, for each key and place."""
    by = [*plan.by, *places]
    if plan.distances:
        keys = list(map(pl.col, by))
        events = events.with_columns(distance.over(keys) for distance in plan.distances)
    rows = events.group_by(by).agg(held.partial.alias(held.name) for held in plan.accumulators)
    return Part(rows, {table.name: table.collect(events, by) for table in plan.tables})
