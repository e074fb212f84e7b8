"""Columns of records: keys, metrics, measures and labels that would be one column with another.

Names that differ in upper and lower case only are one to SQLite, which may be the store of any
pipeline.
"""

from collections.abc import Iterable, Sequence

from tidegauge.catalogue.fields import window_metadata
from tidegauge.catalogue.own import OWN_COLUMNS
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.conditions import read_condition
from tidegauge.expressions.targets import window_of
from tidegauge.records import TIME_NS
from tidegauge.signals import SignalKind
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path

PIPELINE_TAG = "pipeline"
_POINT = frozenset({TIME_NS, "time"})
_ALIKE = "in case only, which SQLite cannot tell apart"
_WHAT = {
    SignalKind.ANOMALY: "records of anomalies",
    SignalKind.ALERT: "records of alerts",
    SignalKind.FORECAST: "records of forecasts",
    SignalKind.PREDICTION: "records of predictions",
}


def fold(name: str) -> bytes:
    """What two names have in common that are one to SQLite."""
    return name.encode().lower()


def check_columns(review: Review) -> None:
    """A record has each name once, be it a tag or a field; alerts carry the keys they are on."""
    pipeline, alerted = review.pipeline, _alerted(review)
    for name, window in pipeline.windows.items():
        path: Path = ("windows", name)
        own = {column.name for column in window_metadata(window)}
        _check_fields(review, (*path, "select"), window.select, window.by, own, "window")
        _check_keys(review, (*path, "by"), window.by, own, alerted=path in alerted)
    for name, pattern in pipeline.patterns.items():
        at: Path = ("patterns", name)
        taken = OWN_COLUMNS[SignalKind.MATCH]
        _check_fields(review, (*at, "measures"), pattern.measures, pattern.by, taken, "pattern")
        _check_keys(review, (*at, "by"), pattern.by, taken, alerted=at in alerted)
    for name, anomaly in pipeline.anomalies.items():
        window_on = pipeline.windows.get(anomaly.target)
        if window_on:
            check_keys_of(review, ("anomalies", name, "on"), window_on.by, SignalKind.ANOMALY)
        else:
            here: Path = ("anomalies", name)
            taken = OWN_COLUMNS[SignalKind.ANOMALY]
            _check_keys(review, (*here, "by"), anomaly.by, taken, alerted=here in alerted)
    _check_spellings(review)
    _check_labels(review)


def check_keys_of(review: Review, path: Path, by: Iterable[str], kind: SignalKind) -> None:
    """Check that records of a kind have no column that is called as a key of a window.

    What the window has been told about its keys is not told again.
    """
    every = _constant(review) | OWN_COLUMNS[SignalKind.WINDOW]
    for key in by:
        if _like(key, every) is None and (other := _like(key, OWN_COLUMNS[kind])):
            review.say(path, _rename(key, other, _WHAT[kind]))


def _check_fields(
    review: Review,
    path: Path,
    fields: Iterable[str],
    by: Sequence[str],
    own: Iterable[str],
    what: str,
) -> None:
    taken, seen = _constant(review) | set(own), dict[bytes, str]()
    for field in fields:
        here, earlier = (*path, field), seen.setdefault(fold(field), field)
        if (key := _like(field, by)) is not None:
            same = f"{field} is a key column of the {what}; take another name"
            review.say(here, same if key == field else _alike(field, key))
        elif (other := _like(field, taken)) is not None:
            review.say(here, _taken(field, other))
        elif earlier != field:
            review.say(here, _alike(field, earlier))


def _alerted(review: Review) -> set[Path]:
    """Windows, patterns and anomalies whose keys an alert of the file carries."""
    pipeline, found = review.pipeline, set[Path]()
    for alert in pipeline.alerts.values():
        try:
            on = read_condition(alert.when, pipeline)
        except ExpressionError:
            continue  # told where it stands
        window = window_of(pipeline, on.kind, on.target)
        if window is not None:
            found.add(("windows", window))
        elif on.kind in ("match", "timeout"):
            found.add(("patterns", on.target))
        elif on.kind == "anomaly":
            found.add(("anomalies", on.target))
    return found


def _check_keys(
    review: Review, path: Path, by: Iterable[str], own: Iterable[str], *, alerted: bool
) -> None:
    for index, key in enumerate(by):
        if other := _like(key, _constant(review) | set(own)):
            review.say((*path, index), _rename(key, other, "records"))
        elif alerted and (other := _like(key, OWN_COLUMNS[SignalKind.ALERT])):
            review.say((*path, index), _rename(key, other, _WHAT[SignalKind.ALERT]))


def _check_spellings(review: Review) -> None:
    """Alerts have a column for every key column of the file."""
    pipeline = review.pipeline
    owners = {("windows", name): window.by for name, window in pipeline.windows.items()}
    owners |= {("patterns", name): pattern.by for name, pattern in pipeline.patterns.items()}
    owners |= {("anomalies", name): anomaly.by for name, anomaly in pipeline.anomalies.items()}
    seen: dict[bytes, str] = {}
    for owner, by in owners.items():
        for index, key in enumerate(by):
            earlier = seen.setdefault(fold(key), key)
            if earlier != key:
                review.say((*owner, "by", index), _alike(key, earlier))


def _check_labels(review: Review) -> None:
    taken = _POINT | {PIPELINE_TAG} | frozenset[str]().union(*OWN_COLUMNS.values())
    seen: dict[bytes, str] = {}
    for name, value in review.pipeline.labels.items():
        here: Path = ("labels", name)
        earlier = seen.setdefault(fold(name), name)
        if other := _like(name, taken):
            review.say(here, _taken(name, other))
        elif earlier != name:
            review.say(here, _alike(name, earlier))
        if not value.strip():
            review.say(here, "a label cannot be empty")


def _constant(review: Review) -> frozenset[str]:
    return _POINT | {PIPELINE_TAG, *review.pipeline.labels}


def _like(name: str, others: Iterable[str]) -> str | None:
    """The name among others that it is one with: the same, or else one of another case."""
    found = [other for other in others if fold(other) == fold(name)]
    return name if name in found else min(found, default=None)


def _alike(name: str, other: str) -> str:
    return f"{name} differs from {other} {_ALIKE}; take another name"


def _taken(name: str, other: str) -> str:
    column = f"{name} is a column of every such record"
    if name != other:
        column = f"every such record has a column {other}, and {name} differs from it {_ALIKE}"
    return f"{column}; take another name"


def _rename(key: str, other: str, records: str) -> str:
    column = "of that name" if key == other else f"{other}, which differs {_ALIKE}"
    return (
        f"{key} cannot be a key, for {records} have a column {column}; "
        f"give it another with derive, such as {key}_key: '\"{key}\"'"
    )
