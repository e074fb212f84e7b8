"""Anomalies: the series they look at."""

from tidegauge.expressions.compiled import Columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.review import Review
from tidegauge.spec.checks.windows import check_keys
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Anomaly

DATA_POINTS = "data_points"


def check_anomalies(review: Review) -> None:
    """Check what each anomaly is on, by which keys, and its numbers."""
    for name, anomaly in review.pipeline.anomalies.items():
        path: Path = ("anomalies", name)
        _check_series(review, path, anomaly)
        if anomaly.warm_up > anomaly.history:
            message = (
                f"{anomaly.warm_up} is more than the history of {anomaly.history} points: "
                "no series would ever be judged"
            )
            review.say((*path, "warm_up"), message)


def _check_series(review: Review, path: Path, anomaly: Anomaly) -> None:
    here = (*path, "on")
    target, dot, field = anomaly.on.partition(".")
    pipeline = review.pipeline
    if not dot:
        forms = "window.field, or source.field for a score per event"
        review.say(here, f"{anomaly.on!r} names no field; allowed: {forms}")
        return
    if target in pipeline.windows:
        columns = {**review.metrics[target], DATA_POINTS: FieldType.INT}
        if anomaly.by:
            message = "only for a score per event: a window brings its own keys; leave it out"
            review.say((*path, "by"), message)
    elif review.known(here, "window or source", target, [*pipeline.windows, *pipeline.sources]):
        columns = review.events[target]
        check_keys(review, (*path, "by"), anomaly.by, columns)
    else:
        return
    if review.known(here, "field", field, columns) and not _is_number(columns[field]):
        message = f"{anomaly.on} is a {columns[field]}; allowed: {_list(columns)}"
        review.say(here, message)


def _is_number(kind: FieldType | None) -> bool:
    return kind in (FieldType.INT, FieldType.FLOAT, None)


def _list(columns: Columns) -> str:
    return ", ".join(sorted(name for name in columns if _is_number(columns[name]))) or "a number"
