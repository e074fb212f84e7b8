"""Names: measurements that collide, and tags and fields of a record that do."""

from collections.abc import Iterable

from tidegauge.catalogue import (
    ALERT_FIELDS,
    ALERTS,
    ANOMALY_FIELDS,
    DEAD_LETTER_SIGNAL,
    DEAD_LETTERS,
    FLOW,
    FLOW_SIGNAL,
    LEDGER,
    LEDGER_SIGNAL,
    MATCH_FIELDS,
    PATTERN_STATE,
    PATTERN_STATE_SIGNAL,
    WINDOW_METADATA,
    WINDOW_STATE,
    WINDOW_STATE_SIGNAL,
    timeouts_of,
    window_metadata,
)
from tidegauge.records import TIME_NS
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Pipeline

MEASUREMENTS = (
    ALERTS,
    DEAD_LETTERS,
    FLOW,
    LEDGER,
    WINDOW_STATE,
    PATTERN_STATE,
    "anomalies",
    "events",
)
PIPELINE_TAG = "pipeline"
_RECORD = {TIME_NS, "time"}
_WINDOW = _RECORD | {column.name for column in WINDOW_METADATA}
_ANOMALY = _RECORD | {"anomaly"} | {column.name for column in ANOMALY_FIELDS}
_MATCH = _RECORD | {column.name for column in MATCH_FIELDS}
_ALERT = _RECORD | {"alert", "level"} | {column.name for column in ALERT_FIELDS}
_OWN = {
    column.name
    for signal in (
        *(DEAD_LETTER_SIGNAL, FLOW_SIGNAL, LEDGER_SIGNAL),
        *(WINDOW_STATE_SIGNAL, PATTERN_STATE_SIGNAL),
    )
    for column in signal.columns
}


def check_names(review: Review) -> None:
    """Check the names of signals, their tags and their fields against each other."""
    _check_signals(review)
    _check_columns(review)
    _check_labels(review)


def _check_signals(review: Review) -> None:
    pipeline = review.pipeline
    measurements = {*MEASUREMENTS, *(f"events_{source}" for source in pipeline.sources)}
    for name in pipeline.windows:
        if name in measurements:
            review.say(
                ("windows", name), f"{name} is the name of a measurement of ours; take another"
            )
        elif name in pipeline.sources:
            message = f"a source is called {name} too, and alerts could mean either; take another"
            review.say(("windows", name), message)
    for name in pipeline.anomalies:
        if name in MEASUREMENTS:
            review.say(
                ("anomalies", name), f"{name} is the name of a measurement of ours; take another"
            )
        elif name in pipeline.windows:
            review.say(("anomalies", name), f"a window is called {name} too; take another name")
    for name in pipeline.patterns:
        _check_pattern_name(review, name, measurements)


def _check_pattern_name(review: Review, name: str, measurements: set[str]) -> None:
    pipeline = review.pipeline
    path: Path = ("patterns", name)
    if name in measurements:
        review.say(path, f"{name} is the name of a measurement of ours; take another")
    for what, names in (
        ("a window", pipeline.windows.keys()),
        ("an anomaly", pipeline.anomalies.keys()),
        ("a source", pipeline.sources.keys()),
    ):
        if name in names:
            review.say(path, f"{what} is called {name} too; take another name")
    if pipeline.patterns[name].timeouts:
        also = timeouts_of(name)
        if also in {*measurements, *pipeline.windows, *pipeline.anomalies, *pipeline.patterns}:
            review.say((*path, "timeouts"), f"{also}, where timeouts go, is taken; rename one")


def _check_columns(review: Review) -> None:
    """A record has each name once, be it a tag or a field; alerts carry every key column."""
    pipeline = review.pipeline
    constant = _constant(pipeline)
    for name, window in pipeline.windows.items():
        path: Path = ("windows", name)
        taken = _RECORD | {column.name for column in window_metadata(window)} | constant
        for metric in window.select:
            where = (*path, "select", metric)
            if metric in window.by:
                review.say(where, f"{metric} is a key column of the window; take another name")
            else:
                _refuse(review, where, metric, taken)
        _check_keys(review, (*path, "by"), window.by, taken)
    for name, pattern in pipeline.patterns.items():
        at: Path = ("patterns", name)
        for measure in pattern.measures:
            if measure in pattern.by:
                message = f"{measure} is a key column of the pattern; take another name"
                review.say((*at, "measures", measure), message)
            else:
                _refuse(review, (*at, "measures", measure), measure, _MATCH | constant)
        _check_keys(review, (*at, "by"), pattern.by, _MATCH | constant)
    for name, anomaly in pipeline.anomalies.items():
        window_on = pipeline.windows.get(anomaly.target)
        keys = window_on.by if window_on else anomaly.by
        here: Path = ("anomalies", name, "on" if window_on else "by")
        taken = _ANOMALY | constant
        for key in keys:
            if key in taken and not (window_on and _already(key, _WINDOW | constant, pipeline)):
                review.say(here, _rename(key, "records of anomalies"))


def _already(key: str, taken: set[str], pipeline: Pipeline) -> bool:
    """Whether the window has been told about this key."""
    return key in taken or (bool(pipeline.alerts) and key in _ALERT)


def _check_keys(review: Review, path: Path, by: Iterable[str], taken: set[str]) -> None:
    for index, key in enumerate(by):
        if key in taken:
            review.say((*path, index), _rename(key, "records"))
        elif review.pipeline.alerts and key in _ALERT:
            review.say((*path, index), _rename(key, "records of alerts"))


def _rename(key: str, records: str) -> str:
    return (
        f"{key} cannot be a key, for {records} have a column of that name; "
        f"give it another with derive, such as {key}_key: '\"{key}\"'"
    )


def _check_labels(review: Review) -> None:
    taken = _WINDOW | _ANOMALY | _MATCH | _ALERT | _OWN | {PIPELINE_TAG}
    for name, value in review.pipeline.labels.items():
        _refuse(review, ("labels", name), name, taken)
        if not value.strip():
            review.say(("labels", name), "a label cannot be empty")


def _refuse(review: Review, path: Path, name: str, taken: set[str]) -> None:
    if name in taken:
        review.say(path, f"{name} is a column of every such record; take another name")


def _constant(pipeline: Pipeline) -> set[str]:
    return {PIPELINE_TAG, *pipeline.labels}
