"""The alerts of a pipeline file, compiled."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from operators.alerts.placeholders import placeholders
from operators.keygroups.keys import Key, Part
from operators.ordering.plan import Ordering
from tidegauge.batch import TIME
from tidegauge.catalogue import ALERTS, catalogue_of, timeouts_of
from tidegauge.expressions.compiled import Scalar
from tidegauge.expressions.conditions import Condition, compile_condition
from tidegauge.expressions.scalars import compile_predicate
from tidegauge.expressions.targets import key_columns, target_columns, window_of
from tidegauge.fieldtypes import FieldType
from tidegauge.forecasts import lead_name
from tidegauge.records import TIME_NS
from tidegauge.signals import Signal
from tidegauge.spec.models import Alert, Pipeline
from tidegauge.staleness import hears_silence, stale_after_ns

OTHER = "other"
"""What key columns of text say in the row of all series beyond the largest."""


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """One alert.

    Attributes:
        pipeline: name of the pipeline.
        signal: the signal of its records.
        name: its name.
        target: the window, source, anomaly, pattern, forecast or prediction that it is about.
        alert: what the pipeline file says of it.
        reads: name of the record batches it is evaluated on.
        origin: window or ordering whose event time says how far these have come.
        ordering: the events it is evaluated on one by one; None for windows and anomalies.
        by: key columns that tell its series apart.
        tags: columns of the rows that become tags of the records.
        named: columns of the rows that the summary can name.
        moment: whether each row fires by itself and nothing ends it: a match, a timeout.
        first_results: whether rows are window results, of which only the first count.
        at: column with the event time of an evaluation.
        told: column with the event time at which a silence was told first, or None.
        rounded: float columns whose last digits must not decide (see `Watch`).
        where: condition on the rows that are evaluated at all, or None.
        holds: whether `when` is true.
        ends: whether a firing ends.
        value: column of the alert's value, or None.
        stale_ns: event time without an evaluation after which a series is gone.
        rest: key of the sum of small series of a window, which comes later; None for none.
    """

    pipeline: str
    signal: Signal
    name: str
    target: str
    alert: Alert
    reads: str
    origin: str
    ordering: Ordering | None
    by: tuple[str, ...]
    tags: tuple[str, ...]
    named: tuple[str, ...]
    moment: bool
    first_results: bool
    at: str
    rounded: tuple[str, ...]
    where: pl.Expr | None
    holds: pl.Expr
    ends: pl.Expr
    value: str | None
    stale_ns: int
    rest: tuple[Part, ...] | None = None
    told: str | None = None

    def is_rest(self, key: Key) -> bool:
        """Whether a series may be the sum of small ones of a window."""
        return self.rest == (key if isinstance(key, tuple) else (key,))


def plan_alerts(pipeline: Pipeline) -> tuple[AlertPlan, ...]:
    """All alerts of a pipeline file.

    Raises:
        ExpressionError: a condition is wrong; not in a checked file.
    """
    signal = catalogue_of(pipeline)[ALERTS]
    return tuple(_plan(pipeline, signal, name, alert) for name, alert in pipeline.alerts.items())


def _plan(pipeline: Pipeline, signal: Signal, name: str, alert: Alert) -> AlertPlan:
    when = compile_condition(alert.when, pipeline)
    clear = compile_condition(alert.clear, pipeline).test if alert.clear else None
    columns = target_columns(pipeline, when.kind, when.target)
    where = compile_predicate(alert.where, columns) if alert.where else None
    used = _columns(when.test, clear, where)
    floats = sorted(name for name in used if columns[name] is FieldType.FLOAT)
    moment = when.kind in ("match", "timeout")
    found = pl.lit(value=True) if moment else pl.col("_anomalous")
    holds = when.test.polars if when.test else found
    ends = clear.polars if clear else ~holds
    value = {when.value} if when.value else set[str]()
    named = placeholders(alert.summary) & columns.keys() if when.kind == "event" else frozenset()
    wanted = used | value | named
    ordering = Ordering(when.target, (), wanted) if when.kind == "event" else None
    by = tuple(key_columns(pipeline, when.kind, when.target))
    return AlertPlan(
        pipeline=pipeline.pipeline,
        signal=signal,
        name=name,
        target=when.target,
        alert=alert,
        reads=ordering.name if ordering else _signal(when),
        origin=ordering.name if ordering else _origin(pipeline, when),
        ordering=ordering,
        by=by,
        tags=("anomaly", *by) if when.kind == "anomaly" else by,
        named=(*by, *sorted(named)),
        moment=moment,
        first_results=when.kind == "window",
        at=_time_column(pipeline, when),
        rounded=tuple(floats) if when.kind in ("window", "forecast") else (),
        where=where.polars if where else None,
        holds=holds.fill_null(value=False),
        ends=ends.fill_null(value=False),
        value=when.value,
        stale_ns=stale_after_ns(pipeline, alert),
        rest=_rest(pipeline, when, [columns[key] for key in by]),
        told="_told_ns" if hears_silence(pipeline, when.kind, when.target) else None,
    )


def _signal(when: Condition) -> str:
    if when.kind == "forecast":
        return lead_name(when.target, when.lead_ns)
    return timeouts_of(when.target) if when.kind == "timeout" else when.target


def _origin(pipeline: Pipeline, when: Condition) -> str:
    window = window_of(pipeline, when.kind, when.target)
    if when.kind == "anomaly" and window is None:
        on = pipeline.anomalies[when.target]
        return Ordering(on.target, tuple(on.by), frozenset()).name
    return window or when.target


def _rest(
    pipeline: Pipeline, when: Condition, types: Sequence[FieldType]
) -> tuple[Part, ...] | None:
    """The key of what a window puts together of small series (`operators.windows.others`)."""
    window = pipeline.windows.get(window_of(pipeline, when.kind, when.target) or "")
    if window is None or not window.by or window.early:
        return None
    if not (window.tumbling or window.sliding or window.cumulative):
        return None
    return tuple(OTHER if kind is FieldType.STRING else None for kind in types)


def _columns(*scalars: Scalar | None) -> frozenset[str]:
    return frozenset[str]().union(*(scalar.columns for scalar in scalars if scalar))


def _time_column(pipeline: Pipeline, when: Condition) -> str:
    """A window is evaluated at its end, an event and its anomaly at the event time."""
    if when.kind == "event":
        return TIME
    if when.kind == "anomaly":
        on = pipeline.anomalies[when.target].target
        return TIME_NS if on in pipeline.windows else "start_ns"
    return TIME_NS
