"""Queries of alert rules. Grafana puts `$timeFilter` in and nothing else."""

from collections.abc import Sequence

from grafana.influxql import TIME, Store, applied, inner, quoted, select, text
from grafana.queries.alerts import MEASUREMENT
from tidegauge.catalogue import EVENT_LEVEL

STOPPED_AFTER = "1m"
"""Two such spans without a record, and the flow has stopped."""


def state(store: Store, alert: str, level: int, tags: Sequence[str], hold: str) -> str:
    """1 for each series of an alert that is firing or was within `hold`, else 0.

    The last state alone would miss a firing that begins and ends between two evaluations. Records
    of another level are from before the file was changed, and nothing resolves them.
    """
    which = [_named(alert), f"\"level\" = '{level}'"]
    lasting = _active(store, [*which, TIME], tags, "last")
    held = _active(store, [*which, f"time > now() - {hold}"], tags, "max")
    return select(applied("max", "active"), inner(lasting), inner(held), by=quoted(tags))


def recent(
    store: Store, tags: Sequence[str], alert: str = EVENT_LEVEL, level: int | None = None
) -> str:
    """1 for each series of an alert that nothing resolves, for records in the time range."""
    of_level = [] if level is None else [f"\"level\" = '{level}'"]
    return _active(store, [_named(alert), *of_level, TIME], tags, "max")


def value(store: Store, alert: str, tags: Sequence[str]) -> str:
    """The newest value of each series of an alert."""
    where = [store.own, _named(alert), TIME]
    source = store.measurement(MEASUREMENT)
    return select(applied("last", "value"), source, where=where, by=quoted(tags))


def heartbeats(store: Store) -> str:
    """Records of the flow in the last two spans, on average; nothing if it never ran."""
    counted = select(
        'count("processed") AS "records"',
        store.measurement("flow"),
        where=[store.own, TIME],
        by=[f"time({STOPPED_AFTER})"],
        fill="0",
    )
    return select('moving_average("records", 2) AS "records"', inner(counted))


def _active(store: Store, which: Sequence[str], tags: Sequence[str], function: str) -> str:
    what, source = applied(function, "active"), store.measurement(MEASUREMENT)
    return select(what, source, where=[store.own, *which], by=quoted(tags))


def _named(alert: str) -> str:
    return f'"alert" = {text(alert)}'
