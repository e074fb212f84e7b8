"""Queries over the states of alerts."""

from collections.abc import Sequence

from grafana.influxql import STEP, TIME, Store, applied, inner, quoted, select, text
from tidegauge.catalogue import EVENT_LEVEL

MEASUREMENT = "alerts"
MOMENT = "5m"
"""How long the alert of an event counts as firing, as those on matches of patterns do."""
_TOLD = '"state", "value", "summary", "since_ns"'


def firing(store: Store, tags: Sequence[str], moments: Sequence[str] = ()) -> str:
    """The alerts that are firing, with what is known of them.

    Args:
        store: where the records are.
        tags: tags of alerts besides name and level.
        moments: alerts that nothing resolves.
    """
    what = '"active", "state", "value", "summary", "since_ns" / 1000000 AS "_since"'
    return select(what, *_states(store, tags, moments), where=['"active" = 1'], by=_series(tags))


def number_firing(store: Store, tags: Sequence[str], moments: Sequence[str] = ()) -> str:
    """How many are firing; as `firing`."""
    return select('sum("active") AS "firing"', *_states(store, tags, moments))


def latest(store: Store, tags: Sequence[str]) -> str:
    """The last state of each alert that changed in the time range."""
    return _last_states(store, tags, TIME)


def over_time(store: Store, tags: Sequence[str]) -> str:
    """The state of each alert over time."""
    return select(
        applied("last", "state"),
        store.measurement(MEASUREMENT),
        where=[store.own, TIME],
        by=[STEP, *quoted(["alert", *tags])],
        fill="none",
    )


def _states(store: Store, tags: Sequence[str], moments: Sequence[str]) -> list[str]:
    names = [text(name) for name in (EVENT_LEVEL, *moments)]
    lasting = [*(f'"alert" <> {name}' for name in names), TIME]
    among = " OR ".join(f'"alert" = {name}' for name in names)
    recent = [f"({among})" if moments else among, f"time > now() - {MOMENT}"]
    return [inner(_last_states(store, tags, *which)) for which in (lasting, recent)]


def _last_states(store: Store, tags: Sequence[str], *conditions: str) -> str:
    what = f"{applied('last', 'active')}, {_TOLD}"
    source = store.measurement(MEASUREMENT)
    return select(what, source, where=[store.own, *conditions], by=_series(tags))


def _series(tags: Sequence[str]) -> list[str]:
    return quoted(["alert", "level", *tags])
