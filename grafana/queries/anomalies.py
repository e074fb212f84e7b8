"""Queries over the records of anomalies."""

from collections.abc import Sequence

from grafana.influxql import TIME, Store, inner, quoted, select, text
from grafana.queries.heartbeat import zero_of
from grafana.queries.over_time import over_time

MEASUREMENT = "anomalies"
LISTED = 100
"""Anomalies in a table."""
TOLD = ("field", "value", "expected", "lower", "upper", "score", "direction", "reason")
"""What a table tells of an anomaly."""


def marks(store: Store, anomaly: str, keys: Sequence[str], conditions: Sequence[str]) -> str:
    """The anomalous values over time, by key."""
    return _of(store, anomaly, "value", keys, conditions)


def expected(store: Store, anomaly: str, keys: Sequence[str], conditions: Sequence[str]) -> str:
    """What was expected instead of them."""
    return _of(store, anomaly, "expected", keys, conditions)


def newest(store: Store, keys: Sequence[str], conditions: Sequence[str]) -> str:
    """The newest anomalies, all kinds."""
    return select(
        ", ".join(quoted(["anomaly", *keys, *TOLD])),
        store.measurement(MEASUREMENT),
        where=[store.own, *conditions, TIME],
        end=f"ORDER BY time DESC LIMIT {LISTED}",
    )


def number(store: Store) -> str:
    """How many there are in the time range; nothing where the flow was not there to find any."""
    source = store.measurement(MEASUREMENT)
    found = select('count("score") AS "_found"', source, where=[store.own, TIME])
    return select('sum("_found") AS "anomalies"', inner(found), zero_of(store, "_found", TIME))


def _of(
    store: Store, anomaly: str, field: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    own = f'"anomaly" = {text(anomaly)}'
    return over_time(store, MEASUREMENT, field, keys, [own, *conditions])
