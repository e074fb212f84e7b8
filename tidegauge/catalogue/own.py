"""Names that records have of their own, whatever the pipeline file says."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tidegauge.catalogue.declared import FORECASTS, PREDICTIONS
from tidegauge.catalogue.fields import (
    ALERT_FIELDS,
    ANOMALY_FIELDS,
    DELAY,
    FORECAST_FIELDS,
    MATCH_FIELDS,
    PREDICTION_FIELDS,
    SESSION_METADATA,
    WINDOW_METADATA,
)
from tidegauge.catalogue.running import (
    DEAD_LETTER_SIGNAL,
    FLOW_SIGNAL,
    LEDGER_SIGNAL,
    PATTERN_STATE_SIGNAL,
    WINDOW_STATE_SIGNAL,
)
from tidegauge.signals import Column, SignalKind

ALERTS = "alerts"
ANOMALIES = "anomalies"
EVENT_LEVEL = "event_level"
"""The alert that an event with a critical level of its own makes."""
FLOW_STOPPED = "flow_stopped"
"""The rule of Grafana about a flow that writes no more."""
ALERT_NAMES = (EVENT_LEVEL, FLOW_STOPPED)
"""Alerts that every pipeline has."""

_RUNNING = (
    *(DEAD_LETTER_SIGNAL, FLOW_SIGNAL, LEDGER_SIGNAL),
    *(WINDOW_STATE_SIGNAL, PATTERN_STATE_SIGNAL),
)
MEASUREMENTS = frozenset(
    {ALERTS, ANOMALIES, FORECASTS, PREDICTIONS, "events", *(each.measurement for each in _RUNNING)}
)
"""Measurements that are not called as something in the file is."""


def _names(columns: Iterable[Column], *tags: str) -> frozenset[str]:
    return frozenset({*tags, *(column.name for column in columns)})


OWN_COLUMNS: Mapping[SignalKind, frozenset[str]] = MappingProxyType(
    {
        SignalKind.WINDOW: _names(WINDOW_METADATA + SESSION_METADATA),
        SignalKind.ANOMALY: _names(ANOMALY_FIELDS, "anomaly"),
        SignalKind.ALERT: _names((*ALERT_FIELDS, DELAY), "alert", "level", "anomaly"),
        SignalKind.MATCH: _names(MATCH_FIELDS),
        SignalKind.FORECAST: _names(FORECAST_FIELDS, "forecast"),
        SignalKind.PREDICTION: _names(PREDICTION_FIELDS, "prediction"),
        SignalKind.EVENT: frozenset(),
    }
    | {signal.kind: _names(signal.columns) for signal in _RUNNING}
)
"""Tags and fields of each kind of record besides those that the file names."""


def meets_alerts(name: str) -> bool:
    """Whether records of alerts have a column of their own that SQLite takes for one with this."""
    return name.lower() in OWN_COLUMNS[SignalKind.ALERT]
