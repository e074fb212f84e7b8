"""What no file for Grafana can be made of."""

from grafana.alerting.delay import Delay, too_long
from grafana.alerting.late import longest_wait
from grafana.subject import Subject
from tidegauge.spec.mistakes import Problem

RESERVED = frozenset({"alertname", "grafana_folder"})
"""Labels that Grafana gives every alert itself."""
SEPARATOR = " : "
"""Stands between the text and the value of a choice."""


def refusals(subject: Subject, delays: list[Delay]) -> list[Problem]:
    """Everything about a pipeline that cannot be rendered.

    Args:
        subject: the pipeline.
        delays: how long its alerts take to be told.
    """
    found = [too_long(delay, subject.pipeline) for delay in delays if delay.too_long]
    pipeline = subject.pipeline
    sections = {
        "windows": {name: one.by for name, one in pipeline.windows.items()},
        "anomalies": {name: one.by for name, one in pipeline.anomalies.items()},
        "patterns": {name: one.by for name, one in pipeline.patterns.items()},
    }
    found += [
        _reserved((section, name, "by", index), key)
        for section, owners in sections.items()
        for name, by in owners.items()
        for index, key in enumerate(by)
        if key in RESERVED
    ]
    found += [
        Problem(("labels", label), f"{label} is a label of Grafana's own; take another name")
        for label in pipeline.labels
        if label in RESERVED
    ]
    found += _too_short(subject)
    if SEPARATOR in subject.store.bucket:
        message = f"{subject.store.bucket!r} cannot be chosen in a dashboard; allowed: no ' : '"
        found.append(Problem(("output", "influxdb", "bucket"), message))
    return found


def _too_short(subject: Subject) -> list[Problem]:
    """A bucket that would not take records as late as the file lets them be."""
    output, wait = subject.pipeline.output.influxdb, longest_wait(subject.pipeline)
    if output is None or not 0 < output.retention <= wait.total_ns:
        return []
    message = (
        f"records of alerts are stored up to {wait} after their time, so they would be lost;"
        f" allowed: more than that; make it longer or lower sources.{wait.source}.event_time"
    )
    return [Problem(("output", "influxdb", "retention"), message)]


def _reserved(path: tuple[str | int, ...], key: str) -> Problem:
    message = f"{key} is a label of Grafana's own; give it another name with derive"
    return Problem(path, message)
