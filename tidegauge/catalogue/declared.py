"""Signals of what a pipeline file declares."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from tidegauge.catalogue.columns import (
    added_columns,
    event_columns,
    pattern_columns,
    read_columns,
    window_columns,
)
from tidegauge.catalogue.fields import (
    ANOMALY_FIELDS,
    FORECAST_FIELDS,
    MATCH_FIELDS,
    PREDICTION_FIELDS,
    RUN_FIELDS,
    window_metadata,
)
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.declared import declared_pattern, measure_types
from tidegauge.signals import Column, Signal, SignalKind
from tidegauge.spec.models import (
    AddedField,
    Forecast,
    Pattern,
    Pipeline,
    Prediction,
    Source,
    SourceField,
    Table,
    Window,
    WindowField,
)

FLOAT, STRING = FieldType.FLOAT, FieldType.STRING
FORECASTS, PREDICTIONS = "forecasts", "predictions"
"""Measurements."""


def timeouts_of(pattern: str) -> str:
    """Name of the signal and measurement of a pattern's runs whose time was over."""
    return f"{pattern}_timeouts"


def _key_columns(by: list[str], columns: Mapping[str, FieldType]) -> tuple[Column, ...]:
    return tuple(Column(key, columns[key]) for key in by)


def window_signal(name: str, window: Window, columns: Mapping[str, FieldType]) -> Signal:
    """Results of a window."""
    fields = tuple(_window_field(key, declared, columns) for key, declared in window.select.items())
    return Signal(
        name,
        SignalKind.WINDOW,
        name,
        tags=_key_columns(window.by, columns),
        fields=fields + window_metadata(window),
        description=window.description,
        run_fields=RUN_FIELDS,
    )


def _window_field(name: str, declared: WindowField, columns: Mapping[str, FieldType]) -> Column:
    thresholds = declared.thresholds.model_dump(exclude_none=True)
    kind = compile_aggregate(declared.expr, columns).type
    return Column(name, kind, declared.unit, declared.description, MappingProxyType(thresholds))


def anomaly_signal(pipeline: Pipeline, name: str, description: str) -> Signal:
    """Anomalies of one detector."""
    anomaly = pipeline.anomalies[name]
    target = anomaly.target
    window = pipeline.windows.get(target)
    columns = (
        window_columns(pipeline, window)
        if window
        else event_columns(pipeline.sources[target], pipeline.tables)
    )
    by = window.by if window else anomaly.by
    return Signal(
        name,
        SignalKind.ANOMALY,
        "anomalies",
        tags=(Column("anomaly", STRING), *_key_columns(by, columns)),
        fields=ANOMALY_FIELDS,
        description=description,
        run_fields=RUN_FIELDS,
    )


def forecast_signal(pipeline: Pipeline, name: str, forecast: Forecast) -> Signal:
    """What is ahead of a field of a window."""
    target, _, field = forecast.on.partition(".")
    window = pipeline.windows[target]
    measured = {key: declared.unit for key, declared in window.select.items()}
    fields = (
        replace(column, unit=measured[field]) if column.type is FLOAT else column
        for column in FORECAST_FIELDS
    )
    return Signal(
        name,
        SignalKind.FORECAST,
        FORECASTS,
        tags=(
            Column("forecast", STRING),
            *_key_columns(window.by, window_columns(pipeline, window)),
        ),
        fields=tuple(fields),
        description=forecast.description,
        run_fields=RUN_FIELDS,
    )


def prediction_signal(pipeline: Pipeline, name: str, prediction: Prediction) -> Signal:
    """What a model says of a window."""
    window = pipeline.windows[prediction.on]
    value, *others = PREDICTION_FIELDS
    return Signal(
        name,
        SignalKind.PREDICTION,
        PREDICTIONS,
        tags=(
            Column("prediction", STRING),
            *_key_columns(window.by, window_columns(pipeline, window)),
        ),
        fields=(replace(value, unit=prediction.unit), *others),
        description=prediction.description,
        run_fields=RUN_FIELDS,
    )


def pattern_signals(pipeline: Pipeline, name: str, pattern: Pattern) -> Iterator[Signal]:
    """Matches of a pattern, and its timeouts where they are asked for."""
    columns = pattern_columns(pipeline, pattern)
    types = measure_types(declared_pattern(name, pattern), pattern, columns)
    measures = tuple(
        Column(
            measure,
            types[measure],
            declared.unit,
            declared.description,
            MappingProxyType(declared.thresholds.model_dump(exclude_none=True)),
        )
        for measure, declared in pattern.measures.items()
    )
    names = [name, *([timeouts_of(name)] if pattern.timeouts else [])]
    for signal in names:
        yield Signal(
            signal,
            SignalKind.MATCH,
            signal,
            tags=_key_columns(pattern.by, columns),
            fields=measures + MATCH_FIELDS,
            description=pattern.description,
            run_fields=RUN_FIELDS,
        )


def event_signal(name: str, source: Source, tables: Mapping[str, Table]) -> Signal:
    """Processed events of a source."""
    told: dict[str, SourceField | AddedField] = {**read_columns(source, tables)}
    told |= added_columns(source)
    fields = tuple(
        Column(key, kind, told[key].unit, told[key].description)
        if key in told
        else Column(key, kind)
        for key, kind in event_columns(source, tables).items()
    )
    return Signal(
        f"events.{name}", SignalKind.EVENT, f"events_{name}", (), fields, "Processed events"
    )
