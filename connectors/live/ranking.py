"""Which series matter most, when not all can be shown."""

import heapq
import math
from collections.abc import Iterable, Mapping
from typing import Any

from connectors.live.hub import Hub
from connectors.live.series import Series

Thresholds = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By signal and field."""


def thresholds_of(about: Mapping[str, Any]) -> Thresholds:
    """The thresholds of all signals of a described pipeline."""
    return {
        signal["name"]: {
            field["name"]: field["thresholds"] for field in signal["fields"] if field["thresholds"]
        }
        for signal in about["signals"]
    }


def severity(value: float, thresholds: Mapping[str, float]) -> float:
    """How bad a value is: from 2 it is critical, from 1 worth a warning, below that harmless.

    When the warning is above the critical value, low values are the bad ones.

    >>> [severity(value, {"warning": 4, "critical": 8}) for value in (0, 6, 12)]
    [0.5, 1.5, 3.0]
    >>> severity(1, {"warning": 4, "critical": 2})
    2.5
    """
    warning, critical = thresholds.get("warning"), thresholds.get("critical")
    if math.isnan(value):
        return 0.0
    first, second = (critical if warning is None else warning), critical
    if first is None:
        return 0.0
    sign = -1.0 if second is not None and second < first else 1.0
    step = abs(second - first) if second is not None and second != first else abs(first) or 1.0
    beyond = sign * (value - first) / step
    if warning is None:
        beyond += 1.0
    return 1.0 + beyond if beyond >= 0 else 1.0 / (1.0 - beyond)


class Ranking:
    """The order of the series at a moment: alerts, then anomalies, then thresholds, then names.

    Args:
        hub: what the feed knows.
    """

    def __init__(self, hub: Hub) -> None:
        self._thresholds = thresholds_of(hub.about)
        self._anomalies = hub.anomalies.newest_by_keys()
        self._alerts: dict[frozenset[tuple[str, str]], int] = {}
        for standing in hub.alerts.active():
            keys = frozenset(standing.keys.items())
            self._alerts[keys] = max(self._alerts.get(keys, 0), standing.record["level"])

    def top(self, series: Iterable[Series], count: int) -> list[Series]:
        """The first `count` of some series."""
        return heapq.nsmallest(count, series, key=self._key)

    def _key(self, series: Series) -> tuple[float, float, float, tuple[str, ...]]:
        keys = frozenset(series.keys.items())
        declared = self._thresholds[series.signal]
        worst = max(
            (
                severity(value, declared[name])
                for name, value in zip(series.fields, series.newest, strict=True)
                if name in declared
            ),
            default=0.0,
        )
        return (
            -self._alerts.get(keys, 0),
            -self._anomalies.get(keys, 0.0),
            -worst,
            tuple(series.keys.values()),
        )
