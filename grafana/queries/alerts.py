"""Queries over the states of alerts."""

from collections.abc import Sequence

from grafana.influxql import STEP, TIME, Store, applied, inner, quoted, select, since, text
from grafana.queries.heartbeat import ALIVE_NS, zero_of
from tidegauge.catalogue import EVENT_LEVEL

MEASUREMENT = "alerts"
MOMENT = "5m"
"""How long the alert of an event counts as firing, as those on matches of patterns do."""
STATES = ("inactive", "resolved", "stale", "pending", "firing")
"""States of an alert, the gravest last."""
_TOLD = '"state", "value", "summary", "since_ns"'


def firing(store: Store, tags: Sequence[str], age_ns: int, moments: Sequence[str] = ()) -> str:
    """The alerts that are firing now, with what is known of them.

    Args:
        store: where the records are.
        tags: tags of alerts besides name and level.
        age_ns: how long before now the last state of an alert is looked for.
        moments: alerts that nothing resolves.
    """
    what = '"active", "state", "value", "summary", "since_ns" / 1000000 AS "_since"'
    states = _states(store, tags, age_ns, moments)
    return select(what, *states, where=['"active" = 1'], by=_series(tags))


def number_firing(
    store: Store, tags: Sequence[str], age_ns: int, moments: Sequence[str] = ()
) -> str:
    """How many are firing, as `firing`; nothing where nobody knows, for the flow is not there."""
    firing = select('"active"', *_states(store, tags, age_ns, moments), where=['"active" = 1'])
    alive = zero_of(store, "active", since(ALIVE_NS))
    return select('sum("active") AS "firing"', inner(firing), alive)


def latest(store: Store, tags: Sequence[str]) -> str:
    """The last state of each alert that changed in the time range."""
    return _last_states(store, tags, TIME)


def over_time(store: Store, tags: Sequence[str], moments: Sequence[str] = ()) -> str:
    """The state of each alert over time, as its number in `STATES`; without those of moments.

    A step has the gravest state that was in it: an alert that an event fires and the next one
    resolves is seen. What it was at last is what it is in the steps after it.
    """
    names = [f'"alert" <> {text(name)}' for name in (EVENT_LEVEL, *moments)]
    series = quoted(["alert", *tags])
    source = store.measurement(MEASUREMENT)
    numbered = [
        inner(
            select(
                f'"active" * 0 + {number} AS "_state"',
                source,
                where=[store.own, *names, f'"state" = {text(state)}', TIME],
                by=series,
            )
        )
        for number, state in enumerate(STATES)
    ]
    steps = [
        inner(
            select(
                f'{function}("_state") AS "_state"',
                *numbered,
                where=[TIME],
                by=[STEP, *series],
                fill=fill,
            )
        )
        for function, fill in (("max", "none"), ("last", "previous"))
    ]
    return select('max("_state") AS "state"', *steps, where=[TIME], by=[STEP, *series], fill="none")


def moments_over_time(store: Store, tags: Sequence[str], moments: Sequence[str] = ()) -> str:
    """When each alert fired that nothing resolves, as the number of that state."""
    among = " OR ".join(f'"alert" = {text(name)}' for name in (EVENT_LEVEL, *moments))
    firing = STATES.index("firing")
    return select(
        f'max("active") * {firing} AS "state"',
        store.measurement(MEASUREMENT),
        where=[store.own, f"({among})", '"active" = 1', TIME],
        by=[STEP, *quoted(["alert", *tags])],
        fill="none",
    )


def _states(store: Store, tags: Sequence[str], age_ns: int, moments: Sequence[str]) -> list[str]:
    names = [text(name) for name in (EVENT_LEVEL, *moments)]
    lasting = [*(f'"alert" <> {name}' for name in names), since(age_ns)]
    among = " OR ".join(f'"alert" = {name}' for name in names)
    recent = [f"({among})" if moments else among, f"time > now() - {MOMENT}"]
    return [inner(_last_states(store, tags, *which)) for which in (lasting, recent)]


def _last_states(store: Store, tags: Sequence[str], *conditions: str) -> str:
    what = f"{applied('last', 'active')}, {_TOLD}"
    source = store.measurement(MEASUREMENT)
    return select(what, source, where=[store.own, *conditions], by=_series(tags))


def _series(tags: Sequence[str]) -> list[str]:
    return quoted(["alert", "level", *tags])
