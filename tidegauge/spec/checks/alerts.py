"""Alerts: what they are about, when they end, and what they say."""

from collections.abc import Collection
from functools import partial
from string import Formatter

from tidegauge.durations import format_duration_ns as _text
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.conditions import Reference, condition_over, read_condition
from tidegauge.expressions.scalars import compile_predicate
from tidegauge.expressions.targets import (
    ANOMALY_FACTS,
    FORECAST_FACTS,
    MATCH_FACTS,
    PREDICTION_FACTS,
    WINDOW_FACTS,
    TargetKind,
    key_columns,
    window_of,
)
from tidegauge.forecasts import all_forecasts
from tidegauge.spec.checks.forecasts import forecast_window
from tidegauge.spec.checks.patterns import pattern_events
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Alert
from tidegauge.staleness import evaluated_every_ns

PLACEHOLDERS = ("alert", "level", "value")
"""What a summary can name besides key columns, or the fields of an event."""


def check_alerts(review: Review) -> None:
    """Check each alert."""
    for name, alert in review.pipeline.alerts.items():
        _check_alert(review, ("alerts", name), alert)


def _check_alert(review: Review, path: Path, alert: Alert) -> None:
    pipeline = review.pipeline
    when = review.attempt((*path, "when"), partial(read_condition, alert.when, pipeline))
    if when is None:
        return
    if when.kind == "forecast":
        on = all_forecasts(pipeline)[when.target].on
        if forecast_window(review, (*path, "when"), on) is None:
            return
    if when.kind == "prediction" and pipeline.predictions[when.target].on not in pipeline.windows:
        return
    columns = _columns(review, when.kind, when.target)
    review.attempt((*path, "when"), partial(condition_over, when, columns))
    if when.kind in ("match", "timeout"):
        _check_moment(review, path, alert, when.kind)
    else:
        _check_stale(review, (*path, "stale_after"), alert, when)
    if alert.clear is not None and when.kind not in ("match", "timeout"):
        _check_clear(review, (*path, "clear"), alert.clear, when, columns)
    if alert.where is not None:
        review.attempt((*path, "where"), partial(compile_predicate, alert.where, columns))
    keys = columns if when.kind == "event" else _keys(review, when.kind, when.target)
    _check_summary(review, (*path, "summary"), alert.summary, [*keys, *PLACEHOLDERS])


def _check_moment(review: Review, path: Path, alert: Alert, kind: TargetKind) -> None:
    """A match is a moment: nothing of it lasts or ends."""
    if alert.clear is not None:
        review.say((*path, "clear"), f"a {kind} is over when it is told: leave it out")
    if alert.for_:
        review.say((*path, "for"), f"a {kind} does not last: leave it out")
    if alert.stale_after is not None:
        review.say((*path, "stale_after"), f"a {kind} does not last: leave it out")


def _check_stale(review: Review, path: Path, alert: Alert, when: Reference) -> None:
    """It must not be over before the next result can come."""
    if alert.stale_after is None:
        return
    window = review.pipeline.windows.get(window_of(review.pipeline, when.kind, when.target) or "")
    every_ns = 0
    if window is not None and window.every_ns is not None:
        every_ns = evaluated_every_ns(review.pipeline, when)
    if alert.stale_after <= 0:
        review.say(path, "0s would end every alert at once; allowed: how long, such as 30m")
    elif alert.stale_after < every_ns:
        message = f"{_text(alert.stale_after)} is shorter than {_text(every_ns)}, the distance of"
        review.say(path, f"{message} two results; allowed: at least that")


def _check_clear(review: Review, path: Path, text: str, when: Reference, columns: Columns) -> None:
    clear = review.attempt(path, partial(read_condition, text, review.pipeline))
    if clear is None:
        return
    if (clear.kind, clear.target) != (when.kind, when.target):
        message = (
            f"it is about {clear.target}, but `when` is about {when.target}; allowed: the same"
        )
        review.say(path, message)
    elif clear.lead_ns != when.lead_ns:
        review.say(path, "it looks less or further ahead than `when`; allowed: the same")
    elif clear.kind == "anomaly":
        review.say(path, "an anomaly ends by itself: leave it out")
    else:
        review.attempt(path, partial(condition_over, clear, columns))


def _columns(review: Review, kind: TargetKind, target: str) -> Columns:
    """The columns of a target, by bare name."""
    events = _events(review, kind, target)
    if kind == "event":
        return events
    keys = {key: events[key] for key in _keys(review, kind, target) if key in events}
    if kind == "anomaly":
        return {**keys, **ANOMALY_FACTS}
    if kind in ("forecast", "prediction"):
        return {**keys, **(FORECAST_FACTS if kind == "forecast" else PREDICTION_FACTS)}
    facts = WINDOW_FACTS if kind == "window" else MATCH_FACTS
    return {**keys, **review.metrics[target], **facts}


def _keys(review: Review, kind: TargetKind, target: str) -> list[str]:
    """The key columns of a target."""
    pipeline = review.pipeline
    if kind == "event":
        return []
    events = _events(review, kind, target)
    if kind in ("match", "timeout"):
        return review.keys(("patterns", target), key_columns(pipeline, kind, target), events)
    window = window_of(pipeline, kind, target)
    owner: Path = ("windows", window) if window else ("anomalies", target)
    return review.keys(owner, key_columns(pipeline, kind, target), events)


def _events(review: Review, kind: TargetKind, target: str) -> Columns:
    """Columns of the events that a target is made of."""
    pipeline = review.pipeline
    if kind in ("match", "timeout"):
        return pattern_events(review, pipeline.patterns[target].from_)
    window = window_of(pipeline, kind, target)
    if window:
        declared = pipeline.windows.get(window)
        return review.events_of(declared.from_) if declared else {}
    on = pipeline.anomalies[target].target if kind == "anomaly" else target
    return review.events.get(on, {})


def _check_summary(review: Review, path: Path, text: str, allowed: Collection[str]) -> None:
    names = ", ".join(f"{{{name}}}" for name in allowed)
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        review.say(path, f"a bracket stands alone; allowed: {names}, and {{{{ for a bracket")
        return
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion:
            review.say(path, f"{{{name}}} takes no format; allowed: {names}")
        elif name not in allowed:
            review.known(path, "placeholder", name, allowed)
