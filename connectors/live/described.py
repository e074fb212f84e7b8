"""What a pipeline's signals are, for a client that knows nothing of the pipeline file."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from tidegauge.catalogue import WINDOW_METADATA, Catalogue
from tidegauge.expressions.parsing import parse
from tidegauge.fieldtypes import FieldType
from tidegauge.moments import moments_of
from tidegauge.signals import Column, Signal, SignalKind
from tidegauge.spec.kinds import in_words
from tidegauge.spec.models import Alert, Anomaly, Pipeline, Window

METADATA = frozenset(column.name for column in WINDOW_METADATA)


def plotted_fields(signal: Signal) -> list[Column]:
    """The fields of a window that are series: the numbers of its `select`."""
    return [
        field
        for field in signal.fields
        if field.name not in METADATA and field.type is not FieldType.STRING
    ]


def window_signals(catalogue: Catalogue) -> list[Signal]:
    """The signals that have series."""
    return [signal for signal in catalogue if signal.kind is SignalKind.WINDOW]


def described(pipeline: Pipeline, catalogue: Catalogue) -> dict[str, Any]:
    """The pipeline, and its signals with units, descriptions and thresholds."""
    windows = [
        _window(pipeline.windows[signal.name], signal) for signal in window_signals(catalogue)
    ]
    moments = moments_of(pipeline)
    return {
        "pipeline": {
            "name": pipeline.pipeline,
            "description": pipeline.description,
            "labels": dict(pipeline.labels),
        },
        "signals": windows,
        "anomaly_rules": [
            _anomaly(pipeline, name, each) for name, each in pipeline.anomalies.items()
        ],
        "alert_rules": [
            _alert(name, each, moment=name in moments) for name, each in pipeline.alerts.items()
        ],
    }


def _window(window: Window, signal: Signal) -> dict[str, Any]:
    return {
        "name": signal.name,
        "description": signal.description,
        "keys": [tag.name for tag in signal.tags],
        "kind": in_words(window),
        "size_ms": None if window.size_ns is None else window.size_ns / 1e6,
        "every_ms": None if window.every_ns is None else window.every_ns / 1e6,
        "fields": [_field(field) for field in plotted_fields(signal)],
    }


def _field(field: Column) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type.value,
        "unit": field.unit,
        "description": field.description,
        "thresholds": dict(field.thresholds),
    }


def _anomaly(pipeline: Pipeline, name: str, anomaly: Anomaly) -> dict[str, Any]:
    target = anomaly.target
    return {
        "name": name,
        "description": anomaly.description,
        "on": anomaly.watched,
        "per_event": target not in pipeline.windows,
        "marks": [
            {"signal": window, "field": field} for window, field in _marked(pipeline, anomaly)
        ],
    }


def _marked(pipeline: Pipeline, anomaly: Anomaly) -> Iterator[tuple[str, str]]:
    """The fields that an anomaly is drawn with.

    One of single events is drawn with what windows of the same keys make of the field.
    """
    target = anomaly.target
    if target in pipeline.windows:
        yield from ((target, judged) for judged in anomaly.fields)
        return
    for name, window in pipeline.windows.items():
        if window.from_ == (target,) and set(window.by) == set(anomaly.by):
            for field, declared in window.select.items():
                if not _columns(declared.expr).isdisjoint(anomaly.fields):
                    yield name, field


def _columns(sql: str) -> set[str]:
    return {column.name for column in parse(sql).find_all(exp.Column)}


def _alert(name: str, alert: Alert, *, moment: bool) -> Mapping[str, Any]:
    return {
        "name": name,
        "level": alert.level,
        "when": alert.when,
        "summary": alert.summary,
        "moment": moment,
    }
