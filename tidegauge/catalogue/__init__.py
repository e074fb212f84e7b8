"""The signals of a pipeline: every measurement it can write, made from the pipeline file alone."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tidegauge.catalogue.columns import (
    NO_TABLES,
    SOURCE,
    event_columns,
    held_columns,
    joined_columns,
    pattern_columns,
    read_columns,
    sensitive_columns,
    window_columns,
)
from tidegauge.catalogue.declared import (
    FORECASTS,
    PREDICTIONS,
    anomaly_signal,
    event_signal,
    forecast_signal,
    pattern_signals,
    prediction_signal,
    timeouts_of,
    window_signal,
)
from tidegauge.catalogue.fields import (
    ALERT_FIELDS,
    ANOMALY_FIELDS,
    DELAY,
    FINAL,
    FORECAST_FIELDS,
    MATCH_FIELDS,
    PREDICTION_FIELDS,
    RUN_FIELDS,
    SESSION_METADATA,
    STATE,
    SUPERSEDED,
    WINDOW_METADATA,
    window_metadata,
)
from tidegauge.catalogue.own import (
    ALERT_NAMES,
    ALERTS,
    ANOMALIES,
    EVENT_LEVEL,
    FLOW_STOPPED,
    MEASUREMENTS,
    OWN_COLUMNS,
    meets_alerts,
)
from tidegauge.catalogue.running import (
    DEAD_LETTER_SIGNAL,
    DEAD_LETTERS,
    FLOW,
    FLOW_SIGNAL,
    LEDGER,
    LEDGER_SIGNAL,
    PATTERN_STATE,
    PATTERN_STATE_SIGNAL,
    WINDOW_STATE,
    WINDOW_STATE_SIGNAL,
)
from tidegauge.fieldtypes import FieldType
from tidegauge.forecasts import all_forecasts
from tidegauge.signals import Column, Signal, SignalKind
from tidegauge.spec.models import Pipeline

__all__ = [
    "ALERTS",
    "ALERT_FIELDS",
    "ALERT_NAMES",
    "ANOMALIES",
    "ANOMALY_FIELDS",
    "DEAD_LETTERS",
    "DEAD_LETTER_SIGNAL",
    "DELAY",
    "EVENT_LEVEL",
    "FINAL",
    "FLOW",
    "FLOW_SIGNAL",
    "FLOW_STOPPED",
    "FORECASTS",
    "FORECAST_FIELDS",
    "LEDGER",
    "LEDGER_SIGNAL",
    "MATCH_FIELDS",
    "MEASUREMENTS",
    "NO_TABLES",
    "OWN_COLUMNS",
    "PATTERN_STATE",
    "PATTERN_STATE_SIGNAL",
    "PREDICTIONS",
    "PREDICTION_FIELDS",
    "RUN_FIELDS",
    "SESSION_METADATA",
    "SOURCE",
    "STATE",
    "SUPERSEDED",
    "WINDOW_METADATA",
    "WINDOW_STATE",
    "WINDOW_STATE_SIGNAL",
    "Catalogue",
    "catalogue_of",
    "event_columns",
    "held_columns",
    "joined_columns",
    "keys_beside_alerts",
    "meets_alerts",
    "pattern_columns",
    "read_columns",
    "sensitive_columns",
    "timeouts_of",
    "window_columns",
    "window_metadata",
]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Signals by name, and the tags that every record of the pipeline carries."""

    pipeline: str
    signals: Mapping[str, Signal]
    constant_tags: Mapping[str, str]

    def __getitem__(self, name: str) -> Signal:
        return self.signals[name]

    def __iter__(self) -> Iterator[Signal]:
        return iter(self.signals.values())


def catalogue_of(pipeline: Pipeline) -> Catalogue:
    """All signals of a pipeline that `tidegauge check` accepts."""
    signals: dict[str, Signal] = {}
    for name, window in pipeline.windows.items():
        columns = window_columns(pipeline, window)
        signals[name] = window_signal(name, window, columns)
    for name, anomaly in pipeline.anomalies.items():
        signals[name] = anomaly_signal(pipeline, name, anomaly.description)
    for name, pattern in pipeline.patterns.items():
        for signal in pattern_signals(pipeline, name, pattern):
            signals[signal.name] = signal
    for name, source in pipeline.sources.items():
        signals[f"events.{name}"] = event_signal(name, source, pipeline.tables)
    keys = _alert_keys(signals.values())
    signals[ALERTS] = Signal(
        ALERTS,
        SignalKind.ALERT,
        ALERTS,
        tags=(Column("alert", FieldType.STRING), Column("level", FieldType.INT), *keys.values()),
        fields=ALERT_FIELDS,
        description="Life cycle of every alert, rewritten while it is active",
        run_fields=RUN_FIELDS | {DELAY.name},
    )
    for name, forecast in all_forecasts(pipeline).items():
        signals[name] = forecast_signal(pipeline, name, forecast)
    for name, prediction in pipeline.predictions.items():
        signals[name] = prediction_signal(pipeline, name, prediction)
    signals[DEAD_LETTERS] = DEAD_LETTER_SIGNAL
    signals[FLOW] = FLOW_SIGNAL
    signals[WINDOW_STATE] = WINDOW_STATE_SIGNAL
    signals[LEDGER] = LEDGER_SIGNAL
    if pipeline.patterns:
        signals[PATTERN_STATE] = PATTERN_STATE_SIGNAL
    constant = {"pipeline": pipeline.pipeline, **pipeline.labels}
    return Catalogue(pipeline.pipeline, MappingProxyType(signals), MappingProxyType(constant))


def keys_beside_alerts(pipeline: Pipeline) -> list[str]:
    """Key columns that records of alerts do not have, for they have a column of that name anyway.

    Nothing that has such a key has an alert of the file.
    """
    keys = [key for window in pipeline.windows.values() for key in window.by]
    keys += [key for pattern in pipeline.patterns.values() for key in pattern.by]
    keys += [key for anomaly in pipeline.anomalies.values() for key in anomaly.by]
    return sorted({key for key in keys if meets_alerts(key)})


def _alert_keys(signals: Iterable[Signal]) -> dict[str, Column]:
    """Key columns of all signals, as records of alerts have them."""
    keys: dict[str, Column] = {}
    for signal in signals:
        for tag in signal.tags:
            if meets_alerts(tag.name) and not (
                signal.kind is SignalKind.ANOMALY and tag.name == "anomaly"
            ):
                continue
            # A text, where two windows have keys of one name and different types.
            same = keys.get(tag.name, tag).type is tag.type
            keys[tag.name] = tag if same else replace(tag, type=FieldType.STRING)
    return keys
