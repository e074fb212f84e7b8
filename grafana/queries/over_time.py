"""A field of one declaration's records over time."""

from collections.abc import Sequence

from grafana.influxql import STEP, TIME, Store, applied, quoted, select


def over_time(
    store: Store, measurement: str, field: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    """The last value of each step, by key; steps without one are left out."""
    return select(
        applied("last", field),
        store.measurement(measurement),
        where=[store.own, *conditions, TIME],
        by=[STEP, *quoted(keys)],
        fill="none",
    )
