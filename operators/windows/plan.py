"""A window of the pipeline file, compiled: shape, keys, accumulators and final expressions."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

import polars as pl

from operators.windows.accumulators import METADATA, Accumulator, Distance
from operators.windows.aggregates import finished
from operators.windows.limits import DEFAULTS, Limits
from operators.windows.shapes import Shape, shape_of
from operators.windows.tables.table import Table, TableValue
from tidegauge.cadence import gives_every_step
from tidegauge.catalogue import event_columns, window_columns
from tidegauge.errors import UserMistake
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import AggregateCall
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.kinds import kind_problems
from tidegauge.spec.models import Pipeline, Source, Window


@dataclass(frozen=True)
class WindowPlan:
    """Everything the window steps need to know of one window.

    Attributes:
        name: the window's name, also its signal's.
        shape: its kind, with the sizes.
        lateness_ns: allowed lateness of the source.
        by: key columns and their types, in order.
        where: condition on the events that count, or None.
        where_sql: the same as text; empty for none.
        accumulators: columns of a pane's state, metadata first, each once.
        distances: columns that some accumulators need beside those of the events.
        tables: what else is kept of a pane, each once.
        table_values: columns made of tables.
        values: aggregate calls as columns over the accumulators, those of the tables and `CLOSED`.
        fields: the record's fields as expressions over `values`.
        limits: how much of it a key group may hold.
        max_series: most series of a result.
        every_step: of a cumulative window, whether each key has a result at each step, and not only
            where it changes.
    """

    name: str
    shape: Shape
    lateness_ns: int
    by: Mapping[str, FieldType]
    where: pl.Expr | None
    where_sql: str
    accumulators: tuple[Accumulator, ...]
    distances: tuple[Distance, ...]
    tables: tuple[Table, ...]
    table_values: tuple[TableValue, ...]
    values: tuple[pl.Expr, ...]
    fields: tuple[pl.Expr, ...]
    limits: Limits = DEFAULTS
    max_series: int = 50_000
    every_step: bool = False

    @property
    def layout(self) -> dict[str, object]:
        """What a saved state must agree with to be read."""
        return {
            "shape": (type(self.shape).__name__, *astuple(self.shape)),
            "keys": tuple((key, str(kind)) for key, kind in self.by.items()),
            "kept": (*(held.name for held in self.accumulators), *(t.name for t in self.tables)),
            "where": self.where_sql,
            "lateness": self.lateness_ns,
        }


def plan_window(
    name: str,
    window: Window,
    columns: Mapping[str, FieldType],
    lateness_ns: int,
    timezone: str = "UTC",
) -> WindowPlan:
    """Compile a window of a checked pipeline file.

    Args:
        name: the window's name.
        window: its declaration.
        columns: columns of an event of its source, with their types.
        lateness_ns: allowed lateness of the source.
        timezone: name of the pipeline's time zone, for calendar days.
    """
    accumulators = {held.name: held for held in METADATA}
    calls: dict[str, AggregateCall] = {}
    fields = []
    for field_name, declared in window.select.items():
        aggregate = compile_aggregate(declared.expr, columns)
        calls |= {call.id: call for call in aggregate.calls}
        fields.append(aggregate.finish.cast(aggregate.type.dtype).alias(field_name))
    where = compile_scalar(window.where, columns) if window.where else None
    made = {call.id: finished(call) for call in calls.values()}
    accumulators |= {held.name: held for each in made.values() for held in each.accumulators}
    distances = {column.name: column for each in made.values() for column in each.distances}
    table_values = {value.id: value for each in made.values() for value in each.tables}
    tables = {value.table.name: value.table for value in table_values.values()}
    return WindowPlan(
        name=name,
        shape=shape_of(window, timezone),
        lateness_ns=lateness_ns,
        by={key: columns[key] for key in window.by},
        where=where.polars if where else None,
        where_sql=where.sql if where else "",
        accumulators=tuple(accumulators.values()),
        distances=tuple(distances.values()),
        tables=tuple(tables.values()),
        table_values=tuple(table_values.values()),
        values=tuple(each.value.alias(name) for name, each in made.items()),
        fields=tuple(fields),
        max_series=window.max_series,
        limits=Limits(
            window.state.max_keys,
            window.state.on_full,
            # The other kinds let go of a key with its last window, and need it until then.
            window.state.ttl if window.count else None,
            window.state.max_key_bytes,
        ),
    )


def plan_pipeline_window(pipeline: Pipeline, name: str) -> WindowPlan:
    """Compile a window of a checked pipeline, with the columns and lateness of its sources."""
    window = pipeline.windows[name]
    lateness_ns = max(pipeline.sources[source].event_time.lateness for source in window.from_)
    columns = window_columns(pipeline, window)
    plan = plan_window(name, window, columns, lateness_ns, pipeline.timezone)
    return replace(plan, every_step=gives_every_step(pipeline, name))


def declare_window(
    name: str, declared: Mapping[str, Any], source: Source, timezone: str = "UTC"
) -> WindowPlan:
    """Compile a window that is declared in Python as it would be in a pipeline file.

    Args:
        name: the window's name.
        declared: its kind with the sizes, `by`, `where`, `select`.
        source: where its events come from.
        timezone: name of the time zone, for calendar days.

    Raises:
        UserMistake: the declaration is wrong.
    """
    columns = event_columns(source, {})
    try:
        window = Window.model_validate({"from": "rows", **declared})
        unknown = [key for key in window.by if key not in columns]
        if unknown:
            raise ValueError(f"by: no column {unknown[0]!r}; allowed: {', '.join(columns)}")
        for where, message in kind_problems(window):
            raise ValueError(": ".join([*map(str, where), message]))
        return plan_window(name, window, columns, source.event_time.lateness, timezone)
    except ValueError as error:
        raise UserMistake(f"window {name!r}: {error}") from None
