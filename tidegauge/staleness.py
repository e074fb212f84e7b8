"""When an alert is over because its series is gone: nothing has come of it for too long."""

from tidegauge.cadence import longest_step_ns
from tidegauge.durations import UNITS_NS
from tidegauge.expressions.conditions import Reference, read_condition
from tidegauge.expressions.targets import TargetKind, window_of
from tidegauge.forecasts import all_forecasts, grid_of
from tidegauge.spec.models import Alert, Pipeline

LEAST_NS = 10 * UNITS_NS["m"]
"""No alert is stale sooner, unless the file says so."""
SILENT_NS = UNITS_NS["d"]
"""Nor one about an anomaly that hears silence: while that lasts, nothing new comes of a series."""
UNKNOWN_NS = UNITS_NS["d"]
"""Time between two results that come when the events want it: sessions, counts."""


def stale_after_ns(pipeline: Pipeline, alert: Alert) -> int:
    """Event time without an evaluation of its series after which an alert that lasts is stale.

    Unless the file says it: the length of the window, for as long a result may stay the same
    without being told again, and the distance to one result more; at least ten minutes, or a day
    where silence is heard. Of windows side by side two results are missing then.

    Raises:
        ExpressionError: the condition is wrong; not in a checked file.
    """
    if alert.stale_after is not None:
        return alert.stale_after
    return default_ns(pipeline, read_condition(alert.when, pipeline))


def default_ns(pipeline: Pipeline, when: Reference) -> int:
    """That of an alert whose file does not say it."""
    name = window_of(pipeline, when.kind, when.target)
    window = pipeline.windows.get(name) if name else None
    size_ns = window.size_ns or 0 if window else 0
    least_ns = SILENT_NS if hears_silence(pipeline, when.kind, when.target) else LEAST_NS
    return max(least_ns, size_ns + evaluated_every_ns(pipeline, when))


def hears_silence(pipeline: Pipeline, kind: TargetKind, target: str) -> bool:
    """Whether an anomaly is told while nothing comes of its series.

    That a silence lasts is told again now and then, and keeps no alert from being stale.
    """
    return kind == "anomaly" and pipeline.anomalies[target].hears_silence


def evaluated_every_ns(pipeline: Pipeline, when: Reference) -> int:
    """Time between two evaluations of a series; 0 where each event brings one.

    Of windows that end when the events want it, what is taken for the longest.
    """
    if when.kind == "forecast":
        forecast = all_forecasts(pipeline)[when.target]
        grid = grid_of(forecast, pipeline.windows[forecast.on.partition(".")[0]])
        return grid.every * grid.cell_ns
    if when.kind in ("match", "timeout"):
        return 0
    name = window_of(pipeline, when.kind, when.target)
    if name is None:
        return 0
    step_ns = longest_step_ns(pipeline, name)
    return UNKNOWN_NS if step_ns is None else step_ns
