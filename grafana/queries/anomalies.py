"""Queries over the records of anomalies."""

from collections.abc import Sequence

from grafana.influxql import STEP, TIME, Store, applied, quoted, select, text

MEASUREMENT = "anomalies"
LISTED = 100
"""Anomalies in a table."""
TOLD = ("field", "value", "expected", "lower", "upper", "score", "direction", "reason")
"""What a table tells of an anomaly."""


def marks(store: Store, anomaly: str, keys: Sequence[str], conditions: Sequence[str]) -> str:
    """The anomalous values over time, by key."""
    return _over_time(store, anomaly, "value", keys, conditions)


def expected(store: Store, anomaly: str, keys: Sequence[str], conditions: Sequence[str]) -> str:
    """What was expected instead of them."""
    return _over_time(store, anomaly, "expected", keys, conditions)


def newest(store: Store, keys: Sequence[str], conditions: Sequence[str]) -> str:
    """The newest anomalies, all kinds."""
    return select(
        ", ".join(quoted(["anomaly", *keys, *TOLD])),
        store.measurement(MEASUREMENT),
        where=[store.own, *conditions, TIME],
        end=f"ORDER BY time DESC LIMIT {LISTED}",
    )


def number(store: Store) -> str:
    """How many there are in the time range."""
    source = store.measurement(MEASUREMENT)
    return select('count("score") AS "anomalies"', source, where=[store.own, TIME])


def _over_time(
    store: Store, anomaly: str, field: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    return select(
        applied("last", field),
        store.measurement(MEASUREMENT),
        where=[store.own, f'"anomaly" = {text(anomaly)}', *conditions, TIME],
        by=[STEP, *quoted(keys)],
        fill="none",
    )
