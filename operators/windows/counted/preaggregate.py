"""Events of a batch as they are: the watermark decides where they stand in the order."""

from collections.abc import Iterator

import polars as pl

from operators.ordering.identity import ORDER
from operators.windows.collecting import wanted
from operators.windows.part import Part
from operators.windows.plan import WindowPlan


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> Part:
    """The events that count: key columns, those of `ORDER`, and what the aggregates look at."""
    events = wanted(plan, events)
    needed = {*plan.by, *ORDER, *_looked_at(plan)}
    return Part(events.select(name for name in events.columns if name in needed))


def _looked_at(plan: WindowPlan) -> Iterator[str]:
    for held in plan.accumulators:
        yield from held.partial.meta.root_names()
    for distance in plan.distances:
        yield from distance.number.meta.root_names()
    for table in plan.tables:
        yield from table.argument.columns
