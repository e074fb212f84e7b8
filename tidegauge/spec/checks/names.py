"""Names: measurements that collide, and names that the product gives itself."""

from collections.abc import Iterator

from tidegauge.catalogue.declared import timeouts_of
from tidegauge.catalogue.own import ALERT_NAMES, MEASUREMENTS
from tidegauge.spec.checks.columns import check_columns, fold
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path

_SQLITE = "sqlite_"
"""How SQLite's own tables begin."""


def check_names(review: Review) -> None:
    """Check the names of signals, their tags and their fields against each other."""
    _check_signals(review)
    _check_spellings(review)
    _check_alerts(review)
    check_columns(review)


def _check_signals(review: Review) -> None:
    pipeline = review.pipeline
    taken = {*MEASUREMENTS, *(f"events_{source}" for source in pipeline.sources)}
    measurements = {fold(name) for name in taken}
    for name in pipeline.windows:
        if fold(name) in measurements:
            review.say(("windows", name), _ours(name))
        elif name in pipeline.sources:
            message = f"a source is called {name} too, and alerts could mean either; take another"
            review.say(("windows", name), message)
    for name in pipeline.anomalies:
        if name in MEASUREMENTS:
            review.say(("anomalies", name), _ours(name))
        elif name in pipeline.windows:
            review.say(("anomalies", name), f"a window is called {name} too; take another name")
    for name in pipeline.patterns:
        _check_pattern_name(review, name, measurements)


def _ours(name: str) -> str:
    return f"{name} is the name of a measurement of ours; take another"


def _check_pattern_name(review: Review, name: str, measurements: set[bytes]) -> None:
    pipeline = review.pipeline
    path: Path = ("patterns", name)
    if fold(name) in measurements:
        review.say(path, _ours(name))
    for what, names in (
        ("a window", pipeline.windows.keys()),
        ("an anomaly", pipeline.anomalies.keys()),
        ("a source", pipeline.sources.keys()),
    ):
        if name in names:
            review.say(path, f"{what} is called {name} too; take another name")
    if pipeline.patterns[name].timeouts:
        also = timeouts_of(name)
        others = {*pipeline.windows, *pipeline.anomalies, *pipeline.patterns}
        if also in others or fold(also) in measurements:
            review.say((*path, "timeouts"), f"{also}, where timeouts go, is taken; rename one")


def _check_spellings(review: Review) -> None:
    """Measurements are tables of SQLite, which knows no upper and lower case."""
    seen: dict[bytes, str] = {}
    for path, name in _measurements(review):
        earlier = seen.setdefault(fold(name), name)
        if earlier != name:
            message = f"{name} differs from {earlier} in case only, which SQLite cannot tell apart"
            review.say(path, f"{message}; take another name")
        if fold(name).startswith(_SQLITE.encode()):
            message = f"names that begin with {_SQLITE} are those of SQLite's own tables"
            review.say(path, f"{message}; take another name")


def _measurements(review: Review) -> Iterator[tuple[Path, str]]:
    for name in review.pipeline.windows:
        yield ("windows", name), name
    for name, pattern in review.pipeline.patterns.items():
        yield ("patterns", name), name
        if pattern.timeouts:
            yield ("patterns", name, "timeouts"), timeouts_of(name)


def _check_alerts(review: Review) -> None:
    for name in review.pipeline.alerts:
        if name in ALERT_NAMES:
            message = f"every pipeline has an alert {name} of its own; take another name"
            review.say(("alerts", name), message)
