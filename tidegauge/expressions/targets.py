"""What an alert can be about: the columns of a window, of an event or of an anomaly."""

from collections.abc import Mapping
from typing import Literal

from tidegauge.catalogue import (
    ANOMALY_FIELDS,
    FORECAST_FIELDS,
    MATCH_FIELDS,
    PREDICTION_FIELDS,
    RUN_FIELDS,
    WINDOW_METADATA,
    event_columns,
    pattern_columns,
    window_columns,
)
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.fieldtypes import FieldType
from tidegauge.forecasts import all_forecasts
from tidegauge.patterns.declared import declared_pattern, measure_types
from tidegauge.spec.models import Anomaly, Pipeline

TargetKind = Literal["window", "event", "anomaly", "match", "timeout", "forecast", "prediction"]

# `revision` is always 0 for alerts, and what tells of the run must not decide anything.
_HIDDEN = RUN_FIELDS | {"revision"}
WINDOW_FACTS: Mapping[str, FieldType] = {
    column.name: column.type for column in WINDOW_METADATA if column.name not in _HIDDEN
}
"""Metadata of a window that conditions can use."""
ANOMALY_FACTS: Mapping[str, FieldType] = {
    column.name: column.type for column in ANOMALY_FIELDS if column.name not in _HIDDEN
}
"""Fields of an anomaly that conditions can use."""
MATCH_FACTS: Mapping[str, FieldType] = {
    column.name: column.type for column in MATCH_FIELDS if column.name not in _HIDDEN
}
"""Fields of every match that conditions can use."""

FORECAST_FACTS: Mapping[str, FieldType] = {
    column.name: column.type for column in FORECAST_FIELDS if column.name not in _HIDDEN
}
"""Fields of a forecast that conditions can use."""
PREDICTION_FACTS: Mapping[str, FieldType] = {
    column.name: column.type for column in PREDICTION_FIELDS if column.name not in _HIDDEN
}
"""Fields of a prediction that conditions can use."""


def window_of(pipeline: Pipeline, kind: TargetKind, target: str) -> str | None:
    """Name of the window whose results a target is made from; None where it is made from events."""
    if kind == "window":
        return target
    if kind == "forecast":
        return all_forecasts(pipeline)[target].on.partition(".")[0]
    if kind == "prediction":
        return pipeline.predictions[target].on
    on = pipeline.anomalies[target].target if kind == "anomaly" else ""
    return on if on in pipeline.windows else None


def key_columns(pipeline: Pipeline, kind: TargetKind, target: str) -> list[str]:
    """Names of the columns that tell the series of a target apart; none for events."""
    if kind in ("window", "forecast", "prediction"):
        return list(pipeline.windows[window_of(pipeline, kind, target) or target].by)
    if kind in ("match", "timeout"):
        return list(pipeline.patterns[target].by)
    return list(anomaly_keys(pipeline, pipeline.anomalies[target])) if kind == "anomaly" else []


def anomaly_keys(pipeline: Pipeline, anomaly: Anomaly) -> list[str]:
    """Key columns of an anomaly: those of its window, or its own for a score per event."""
    window = pipeline.windows.get(anomaly.target)
    return list(window.by if window else anomaly.by)


def target_columns(pipeline: Pipeline, kind: TargetKind, target: str) -> dict[str, FieldType]:
    """Columns by bare name that `when`, `clear` and `where` can use, with their types.

    Raises:
        ExpressionError: an expression that a column is made by is wrong.
    """
    if kind == "event":
        return event_columns(pipeline.sources[target], pipeline.tables)
    if kind == "window":
        window = pipeline.windows[target]
        events = window_columns(pipeline, window)
        fields = {name: compile_aggregate(f.expr, events).type for name, f in window.select.items()}
        return {key: events[key] for key in window.by} | fields | dict(WINDOW_FACTS)
    if kind in ("match", "timeout"):
        return _pattern_columns(pipeline, target)
    if kind in ("forecast", "prediction"):
        facts = FORECAST_FACTS if kind == "forecast" else PREDICTION_FACTS
        window = pipeline.windows[window_of(pipeline, kind, target) or target]
        events = window_columns(pipeline, window)
        return {key: events[key] for key in window.by} | dict(facts)
    on = pipeline.anomalies[target].target
    if on in pipeline.windows:
        events = window_columns(pipeline, pipeline.windows[on])
    else:
        events = event_columns(pipeline.sources[on], pipeline.tables)
    keys = anomaly_keys(pipeline, pipeline.anomalies[target])
    return {key: events[key] for key in keys} | dict(ANOMALY_FACTS)


def _pattern_columns(pipeline: Pipeline, target: str) -> dict[str, FieldType]:
    declared = pipeline.patterns[target]
    events = pattern_columns(pipeline, declared)
    measures = measure_types(declared_pattern(target, declared), declared, events)
    return {key: events[key] for key in declared.by} | measures | dict(MATCH_FACTS)
