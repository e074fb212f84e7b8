"""Queries over what the flow says of itself.

The pipeline is a variable of the dashboard: its value is the bucket, its text the name.
"""

from collections.abc import Iterable

from grafana.influxql import POLICY, STEP, TIME, applied, inner, name, quoted, select, since
from grafana.queries.heartbeat import zero
from tidegauge.catalogue import FLOW
from tidegauge.durations import UNITS_NS

VARIABLE = "pipeline"
LISTED = 100
"""Dead letters in a table."""
COUNTERS = ("on_time", "corrections", "filtered", "errors")
"""Counters of the flow signal, besides that of all messages."""
HELD = ("keys", "bytes", "corrections", "dropped", "refused", "evicted")
"""Fields of the window-state signal that add up over key groups."""
RATE_NS = UNITS_NS["m"]
"""A flow writes every second: of one that wrote nothing for so long there is no rate now."""
NEWEST_NS = UNITS_NS["h"]
"""How long before now the newest records are looked for, beside which their age stands."""
_OWN = f"\"pipeline\" = '${{{VARIABLE}:text}}'"
_PARTITIONS = quoted(["source", "topic", "partition"])
_WATERMARK = '"watermark_ns" / 1000000 AS "watermark"'


def rate_now() -> str:
    """Messages a second, all partitions together."""
    return select(applied("sum", "rate"), inner(_newest(applied("last", "rate"), RATE_NS)))


def watermark_now() -> str:
    """The lowest watermark, in milliseconds; an idle partition holds nothing back."""
    lowest = 'min("watermark_ns") / 1000000 AS "watermark"'
    newest = _newest(f'{applied("last", "watermark_ns")}, "state"')
    return select(lowest, inner(newest), where=["\"state\" <> 'idle'"])


def dead_letters_now() -> str:
    """Dead letters in the time range; nothing where the flow was not there."""
    found = inner(_own('count("offset") AS "_found"', "dead_letters"))
    return select(
        'sum("_found") AS "dead_letters"', found, zero(_source(FLOW), _OWN, "_found", TIME)
    )


def rate() -> str:
    """Messages a second over time, by topic."""
    read = _own(applied("mean", "rate"), "flow", [STEP, *_PARTITIONS], "none")
    return select(
        applied("sum", "rate"), inner(read), where=[TIME], by=[STEP, '"topic"'], fill="null"
    )


def growth(counter: str) -> str:
    """How fast a counter grows, a second, all partitions together."""
    column = name(counter)
    grown = f"non_negative_derivative(last({column}), 1s) AS {column}"
    each = _own(grown, "flow", [STEP, *_PARTITIONS], "none")
    return select(applied("sum", counter), inner(each), where=[TIME], by=[STEP], fill="none")


def partitions() -> str:
    """The newest record of each partition."""
    columns = ", ".join(quoted(["rate", *COUNTERS]))
    newest = _newest(f'{applied("last", "processed")}, {columns}, "watermark_ns"')
    return select(f'"processed", {columns}, {_WATERMARK}', inner(newest), by=_PARTITIONS)


def windows() -> str:
    """What each key group holds of each window now."""
    first, *others = HELD
    newest = ", ".join([applied("last", first), *quoted(others)])
    groups = quoted(["window", "group"])
    return _own(newest, "window_state", groups, when=since(NEWEST_NS))


def dead_letters() -> str:
    """Dead letters over time, by kind."""
    return _own('count("offset") AS "dead_letters"', "dead_letters", [STEP, '"kind"'], "0")


def newest_dead_letters() -> str:
    """The newest dead letters; their payload is for those who may read the topic."""
    columns = ", ".join(quoted(["kind", "topic", "partition", "offset", "reason"]))
    return _own(columns, "dead_letters", end=f"ORDER BY time DESC LIMIT {LISTED}")


def _newest(what: str, age_ns: int = NEWEST_NS) -> str:
    return _own(what, FLOW, _PARTITIONS, when=since(age_ns))


def _own(
    what: str,
    measurement: str,
    by: Iterable[str] = (),
    fill: str = "",
    end: str = "",
    when: str = TIME,
) -> str:
    return select(what, _source(measurement), where=[_OWN, when], by=by, fill=fill, end=end)


def _source(measurement: str) -> str:
    return f'"${{{VARIABLE}:raw}}".{name(POLICY)}.{name(measurement)}'
