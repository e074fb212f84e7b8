"""Keys that an alert could not carry, so that a later one would have to rename them."""

from collections.abc import Iterator, Sequence

from tidegauge.catalogue.own import meets_alerts
from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.models import Pipeline


def alert_columns(pipeline: Pipeline) -> Iterator[Problem]:
    """Keys without an alert on them which are called as a column of alerts; with one, a mistake."""
    for path, by, what in _keys(pipeline):
        for index, key in enumerate(by):
            if meets_alerts(key):
                yield Problem(
                    (*path, "by", index),
                    f"records of alerts have a column {key.lower()} of their own, so an alert on"
                    f" this {what} would be refused, and another key begins its state anew; give"
                    f" it another name now with derive, such as {key}_key: '\"{key}\"'",
                )


def _keys(pipeline: Pipeline) -> Iterator[tuple[Path, Sequence[str], str]]:
    for name, window in pipeline.windows.items():
        yield ("windows", name), window.by, "window"
    for name, pattern in pipeline.patterns.items():
        yield ("patterns", name), pattern.by, "pattern"
    for name, anomaly in pipeline.anomalies.items():
        yield ("anomalies", name), anomaly.by, "anomaly"
