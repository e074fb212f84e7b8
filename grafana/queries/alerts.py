"""Queries over the states of alerts."""

from collections.abc import Iterable, Mapping, Sequence

from grafana.influxql import STEP, TIME, Store, applied, inner, quoted, select, since, text
from grafana.queries.heartbeat import ALIVE_NS, zero_of
from tidegauge.catalogue import EVENT_LEVEL

MEASUREMENT = "alerts"
MOMENT = "5m"
"""How long the alert of an event counts as firing, as those on matches of patterns do."""
STATES = ("not firing", "stale", "pending", "firing")
"""What an alert can be in a step, the gravest last; not firing is one that resolved, or that came
to nothing."""
_TOLD = '"state", "value", "summary", "since_ns"'


def firing(
    store: Store,
    tags: Sequence[str],
    age_ns: int,
    lasting: Mapping[str, int],
    moments: Sequence[str] = (),
) -> str:
    """The alerts that are firing now, with what is known of them.

    Args:
        store: where the records are.
        tags: tags of alerts besides name and level.
        age_ns: how long before now the last state of an alert is looked for.
        lasting: level of each alert of the file that a record ends. Of others, and of other
            levels, are records from before the file was changed, and nothing ends those.
        moments: alerts that nothing resolves.
    """
    what = '"active", "state", "value", "summary", "since_ns" / 1000000 AS "_since"'
    states = _states(store, tags, age_ns, lasting, moments)
    return select(what, *states, where=['"active" = 1'], by=_series(tags))


def number_firing(
    store: Store,
    tags: Sequence[str],
    age_ns: int,
    lasting: Mapping[str, int],
    moments: Sequence[str] = (),
) -> str:
    """How many are firing, as `active`; nothing where nobody knows, for the flow is not there."""
    states = _states(store, tags, age_ns, lasting, moments)
    firing = select('"active"', *states, where=['"active" = 1'])
    alive = zero_of(store, "active", since(ALIVE_NS))
    return select('sum("active") AS "active"', inner(firing), alive)


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
    # Of two numbers at one time both functions take the higher: 0 stands for all other states.
    numbered = [
        _numbered(store, f'"active" * {STATES.index("firing")}', names, series),
        *(
            _numbered(
                store,
                f'"active" * 0 + {STATES.index(state)}',
                [*names, f'"state" = {text(state)}'],
                series,
            )
            for state in ("stale", "pending")
        ),
    ]
    steps = [
        _stepped(f'{function}("_state") AS "_state"', numbered, series, fill)
        for function, fill in (("max", "none"), ("last", "previous"))
    ]
    return _stepped('max("_state") AS "state"', map(inner, steps), series, "none")


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


def _numbered(store: Store, number: str, which: Sequence[str], series: Sequence[str]) -> str:
    source = store.measurement(MEASUREMENT)
    where = [store.own, *which, TIME]
    return inner(select(f'{number} AS "_state"', source, where=where, by=series))


def _stepped(what: str, sources: Iterable[str], series: Sequence[str], fill: str) -> str:
    return select(what, *sources, where=[TIME], by=[STEP, *series], fill=fill)


def _states(
    store: Store,
    tags: Sequence[str],
    age_ns: int,
    lasting: Mapping[str, int],
    moments: Sequence[str],
) -> list[str]:
    known = [
        f'("alert" = {text(name)} AND "level" = \'{level}\')' for name, level in lasting.items()
    ]
    recent = [f'"alert" = {text(name)}' for name in (EVENT_LEVEL, *moments)]
    found = [(known, since(age_ns)), (recent, f"time > now() - {MOMENT}")]
    return [
        inner(_last_states(store, tags, f"({' OR '.join(which)})", when))
        for which, when in found
        if which
    ]


def _last_states(store: Store, tags: Sequence[str], *conditions: str) -> str:
    what = f"{applied('last', 'active')}, {_TOLD}"
    source = store.measurement(MEASUREMENT)
    return select(what, source, where=[store.own, *conditions], by=_series(tags))


def _series(tags: Sequence[str]) -> list[str]:
    return quoted(["alert", "level", *tags])
