"""Anomalies: the series they look at, and the settings of their detectors."""

from collections.abc import Callable

from tidegauge.expressions.compiled import Columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.review import Review
from tidegauge.spec.checks.windows import check_keys
from tidegauge.spec.detectors import DISTANCES, LEAST_WARM_UP, SETTINGS, DetectorName
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Anomaly

DATA_POINTS = "data_points"
_ALL_SETTINGS = frozenset(key for keys in SETTINGS.values() for key in keys)


def check_anomalies(review: Review) -> None:
    """Check what each anomaly is on, by which keys, and the settings of its detector."""
    for name, anomaly in review.pipeline.anomalies.items():
        path: Path = ("anomalies", name)
        _check_settings(review, path, anomaly)
        _check_series(review, path, anomaly)
        if anomaly.judged_by == "peers":
            _check_group(review, path, anomaly)


def _check_settings(review: Review, path: Path, anomaly: Anomaly) -> None:
    detector = anomaly.judged_by
    allowed = SETTINGS[detector]
    for key in sorted((anomaly.model_fields_set & _ALL_SETTINGS) - set(allowed)):
        message = f"{key} is no setting of {detector}; allowed: {', '.join(allowed)}"
        if key in DISTANCES:
            message += ", or detector: robust_z"
        review.say((*path, key), message)
    _check_warm_up(review, (*path, "warm_up"), anomaly, detector)


def _check_warm_up(review: Review, path: Path, anomaly: Anomaly, detector: DetectorName) -> None:
    points = anomaly.warmed_up
    if detector == "robust_z" and points > anomaly.history:
        message = (
            f"{points} is more than the history of {anomaly.history} points: "
            "no series would ever be judged"
        )
        review.say(path, message)
    elif detector != "robust_z" and points < LEAST_WARM_UP:
        message = f"{points} is too few for {detector}; allowed: {LEAST_WARM_UP} or more"
        review.say(path, message)


def _check_series(review: Review, path: Path, anomaly: Anomaly) -> None:
    here, several = (*path, "on"), len(anomaly.on) > 1
    if several != (anomaly.judged_by == "multivariate"):
        count, allowed = ("several fields", "one") if several else ("one field", "several")
        review.say(here, f"{anomaly.judged_by} is on {count}; allowed: {allowed}")
        return
    for index, on in enumerate(anomaly.on):
        at = (*here, index) if several else here
        if on in anomaly.on[:index]:
            review.say(at, f"{on} is here twice")
        elif "." not in on:
            forms = "window.field, or source.field for a score per event"
            review.say(at, f"{on!r} names no field; allowed: {forms}")
            return
        elif on.partition(".")[0] != anomaly.target:
            message = f"{on} is of another window or source than {anomaly.on[0]}; allowed: the same"
            review.say(at, message)
            return
    columns = _columns(review, path, anomaly)
    if columns is None:
        return
    for index, (on, field) in enumerate(zip(anomaly.on, anomaly.fields, strict=True)):
        at = (*here, index) if several else here
        if review.known(at, "field", field, columns):
            _check_type(review, at, anomaly, on, columns, field)


def _columns(review: Review, path: Path, anomaly: Anomaly) -> Columns | None:
    """What can be judged; None where the target is not known."""
    target, pipeline = anomaly.target, review.pipeline
    if target in pipeline.windows:
        if anomaly.by:
            message = "only for a score per event: a window brings its own keys; leave it out"
            review.say((*path, "by"), message)
        return {**review.metrics[target], DATA_POINTS: FieldType.INT}
    names = [*pipeline.windows, *pipeline.sources]
    if not review.known((*path, "on"), "window or source", target, names):
        return None
    columns = review.events[target]
    check_keys(review, (*path, "by"), anomaly.by, columns)
    return columns


def _check_type(
    review: Review, at: Path, anomaly: Anomaly, on: str, columns: Columns, field: str
) -> None:
    kind = columns[field]
    if anomaly.judged_by == "rare_category":
        if kind is FieldType.FLOAT:
            review.say(at, f"{on} is a float; allowed: {_list(columns, _is_category)}")
    elif not _is_number(kind):
        review.say(at, f"{on} is a {kind}; allowed: {_list(columns, _is_number)}")


def _check_group(review: Review, path: Path, anomaly: Anomaly) -> None:
    window = review.pipeline.windows.get(anomaly.target)
    if window is None or window.every_ns is None:
        if window is not None or anomaly.target in review.pipeline.sources:
            message = "peers are compared at the same times; allowed: a field of a tumbling,"
            review.say((*path, "on"), f"{message} sliding or cumulative window")
        return
    for index, key in enumerate(anomaly.group):
        review.known((*path, "group", index), "key of the window", key, window.by)
    if not window.by:
        message = f"a group needs several series, and window {anomaly.target} has one; give it keys"
        review.say((*path, "on"), message)
    elif not set(window.by) - set(anomaly.group):
        message = f"a group needs several series; allowed: fewer keys than {window.by}"
        review.say((*path, "group" if anomaly.group else "on"), message)


def _is_number(kind: FieldType | None) -> bool:
    return kind in (FieldType.INT, FieldType.FLOAT, None)


def _is_category(kind: FieldType | None) -> bool:
    return kind is not FieldType.FLOAT


def _list(columns: Columns, allowed: Callable[[FieldType | None], bool]) -> str:
    return ", ".join(sorted(name for name in columns if allowed(columns[name]))) or "another field"
