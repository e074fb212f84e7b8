"""Whether the event time of a source is declared in another unit than it is written in.

Seconds read as milliseconds lie in January 1970, which is no mistake of any single message: so
nothing is refused, and a person is told.
"""

from datetime import UTC, datetime

from tidegauge.spec.models import EventTimeFormat

_NS_PER_UNIT: dict[EventTimeFormat, int] = {
    "epoch_s": 1_000_000_000,
    "epoch_ms": 1_000_000,
    "epoch_us": 1_000,
    "epoch_ns": 1,
}
EARLY_NS = 631_152_000 * 10**9
"""Before 1990: earlier than what a unit too small makes of any time from 2000 to 2100."""
_PLAUSIBLE_S = 946_684_800, 4_102_444_800
"""From 2000 to before 2100."""


def likely_unit(time_ns: int, kind: EventTimeFormat) -> EventTimeFormat | None:
    """The unit in which a time that was read as another one is of our days; None where none is.

    Args:
        time_ns: what was read.
        kind: the unit it was read as.
    """
    unit_ns = _NS_PER_UNIT.get(kind)
    if unit_ns is None or _plausible(time_ns):
        return None
    return unit_of(time_ns // unit_ns)


def unit_of(value: int) -> EventTimeFormat | None:
    """The unit in which a number is a time of our days; None where none is."""
    for unit, unit_ns in _NS_PER_UNIT.items():
        if _plausible(value * unit_ns):
            return unit
    return None


def _plausible(time_ns: int) -> bool:
    return _PLAUSIBLE_S[0] <= time_ns // 10**9 < _PLAUSIBLE_S[1]


def doubt(where: str, field: str, kind: EventTimeFormat, time_ns: int, stamp_ms: int) -> str | None:
    """A line about an event time that another unit would make plausible; None where none does.

    Args:
        where: the source.
        field: the field that holds it.
        kind: how the pipeline file says that it is written.
        time_ns: the event time as it was read.
        stamp_ms: the Kafka timestamp of its message; below 0 where there is none.
    """
    other = likely_unit(time_ns, kind)
    if other is None or 0 <= stamp_ms < _PLAUSIBLE_S[0] * 1_000:
        return None
    meant_ns = time_ns // _NS_PER_UNIT[kind] * _NS_PER_UNIT[other]
    read = f"{field} read as {kind} is on {_day(time_ns)}"
    if stamp_ms > 0:
        read += f", though its message was written on {_day(stamp_ms * 10**6)}"
    return (
        f"{where}.event_time: {read}; read as {other} it is on {_day(meant_ns)}: if that is meant,"
        f" write format: {other} and begin with an empty recovery directory"
    )


def _day(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%d}"
