"""Alerts: what they are about, when they end, and what they say."""

from collections.abc import Collection
from functools import partial
from string import Formatter

from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.conditions import Reference, condition_over, read_condition
from tidegauge.expressions.scalars import compile_predicate
from tidegauge.expressions.targets import (
    ANOMALY_FACTS,
    WINDOW_FACTS,
    TargetKind,
    anomaly_keys,
    key_columns,
)
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Alert

PLACEHOLDERS = ("alert", "level", "value")
"""What a summary can name besides key columns."""


def check_alerts(review: Review) -> None:
    """Check each alert."""
    for name, alert in review.pipeline.alerts.items():
        _check_alert(review, ("alerts", name), alert)


def _check_alert(review: Review, path: Path, alert: Alert) -> None:
    pipeline = review.pipeline
    when = review.attempt((*path, "when"), partial(read_condition, alert.when, pipeline))
    if when is None:
        return
    columns = _columns(review, when.kind, when.target)
    review.attempt((*path, "when"), partial(condition_over, when, columns))
    if alert.clear is not None:
        _check_clear(review, (*path, "clear"), alert.clear, when, columns)
    if alert.where is not None:
        review.attempt((*path, "where"), partial(compile_predicate, alert.where, columns))
    keys = key_columns(pipeline, when.kind, when.target)
    _check_summary(review, (*path, "summary"), alert.summary, [*keys, *PLACEHOLDERS])


def _check_clear(review: Review, path: Path, text: str, when: Reference, columns: Columns) -> None:
    clear = review.attempt(path, partial(read_condition, text, review.pipeline))
    if clear is None:
        return
    if (clear.kind, clear.target) != (when.kind, when.target):
        message = (
            f"it is about {clear.target}, but `when` is about {when.target}; allowed: the same"
        )
        review.say(path, message)
    elif clear.kind == "anomaly":
        review.say(path, "an anomaly ends by itself: leave it out")
    else:
        review.attempt(path, partial(condition_over, clear, columns))


def _columns(review: Review, kind: TargetKind, target: str) -> Columns:
    """The sound columns of a target, by bare name."""
    if kind == "event":
        return review.events[target]
    if kind == "window":
        window = review.pipeline.windows[target]
        events = review.events.get(window.from_, {})
        return {**_those(window.by, events), **review.metrics[target], **WINDOW_FACTS}
    anomaly = review.pipeline.anomalies[target]
    on = anomaly.on.partition(".")[0]
    source = review.pipeline.windows[on].from_ if on in review.pipeline.windows else on
    keys = anomaly_keys(review.pipeline, anomaly)
    return {**_those(keys, review.events.get(source, {})), **ANOMALY_FACTS}


def _those(keys: list[str], columns: Columns) -> Columns:
    return {key: columns[key] for key in keys if key in columns}


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
