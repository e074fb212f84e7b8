"""How often a series of a window has a result, and which windows are judged at each step."""

from tidegauge.expressions.conditions import read_condition
from tidegauge.spec.models import Alert, Pipeline


def gives_every_step(pipeline: Pipeline, window: str) -> bool:
    """Whether each key of a cumulative window has a result at each step, changed or not.

    What judges a series by the time that passes needs that: an anomaly, and an alert whose
    condition has to hold `for` some time.
    """
    if pipeline.windows[window].cumulative is None:
        return False
    judged = {anomaly.target for anomaly in pipeline.anomalies.values()}
    judged |= {_judged(pipeline, alert) for alert in pipeline.alerts.values() if alert.for_}
    return window in judged


def longest_step_ns(pipeline: Pipeline, window: str) -> int | None:
    """Longest time between two results of a key that has events; None where events decide."""
    declared = pipeline.windows[window]
    if declared.cumulative is not None and not gives_every_step(pipeline, window):
        return declared.size_ns
    return declared.every_ns


def _judged(pipeline: Pipeline, alert: Alert) -> str:
    """What an alert is on: a window, or something else by its name."""
    when = read_condition(alert.when, pipeline)
    return pipeline.predictions[when.target].on if when.kind == "prediction" else when.target
