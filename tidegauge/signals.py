"""Signals: the one declaration of each measurement that writers, dashboards and docs read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tidegauge.fieldtypes import FieldType


class SignalKind(StrEnum):
    """What a record of the signal tells of."""

    WINDOW = "window"
    ANOMALY = "anomaly"
    ALERT = "alert"
    MATCH = "match"
    FORECAST = "forecast"
    PREDICTION = "prediction"
    EVENT = "event"
    DEAD_LETTER = "dead_letter"
    FLOW = "flow"
    WINDOW_STATE = "window_state"
    LEDGER = "ledger"
    PATTERN_STATE = "pattern_state"


@dataclass(frozen=True, slots=True)
class Column:
    """A tag or field: its name, type, unit (Grafana's unit ids), meaning and thresholds."""

    name: str
    type: FieldType
    unit: str = ""
    description: str = ""
    thresholds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Signal:
    """A measurement and everything that may be written to it.

    Two records with equal tags and time are the same record: the later one overwrites.
    `run_fields` are the fields that tell of the run (processing time, latency), not of the data:
    they are left out when the results of two runs are compared.
    """

    name: str
    kind: SignalKind
    measurement: str
    tags: tuple[Column, ...]
    fields: tuple[Column, ...]
    description: str = ""
    run_fields: frozenset[str] = frozenset()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Tags, then fields."""
        return self.tags + self.fields
