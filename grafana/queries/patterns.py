"""Queries over the records of matches."""

from collections.abc import Sequence

from grafana.influxql import STEP, TIME, Store, quoted, select

LISTED = 100
"""Matches in a table."""


def over_time(store: Store, measurement: str, conditions: Sequence[str]) -> str:
    """How many matches there were, over time."""
    return select(
        'count("events") AS "matches"',
        store.measurement(measurement),
        where=[store.own, *conditions, TIME],
        by=[STEP],
        fill="none",
    )


def newest(
    store: Store, measurement: str, columns: Sequence[str], conditions: Sequence[str]
) -> str:
    """The newest matches."""
    return select(
        ", ".join(quoted(columns)),
        store.measurement(measurement),
        where=[store.own, *conditions, TIME],
        end=f"ORDER BY time DESC LIMIT {LISTED}",
    )
