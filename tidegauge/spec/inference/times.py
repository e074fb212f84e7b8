"""Values that are plausible times: between the years 2000 and 2100.

The magnitude of a number tells its unit, for between two units lies a factor of 1,000.
"""

from typing import Any, NamedTuple

from tidegauge.isotime import read_iso8601
from tidegauge.spec.models import EventTimeFormat

_UNITS_NS: tuple[tuple[EventTimeFormat, int], ...] = (
    ("epoch_s", 1_000_000_000),
    ("epoch_ms", 1_000_000),
    ("epoch_us", 1_000),
    ("epoch_ns", 1),
)
_EARLIEST_NS = 946_684_800 * 10**9
_LATEST_NS = 4_102_444_800 * 10**9
_LONGEST_TEXT = 40


class ReadTime(NamedTuple):
    """A time, in nanoseconds since the epoch; whether its text tells the time of day and zone."""

    format: EventTimeFormat
    time_ns: int
    has_clock: bool = True
    has_zone: bool = True


def read_time(value: Any) -> ReadTime | None:
    """The value as a time; None where it is no plausible one.

    >>> read_time(1_700_000_000), read_time("now")
    (ReadTime(format='epoch_s', time_ns=1700000000000000000, has_clock=True, has_zone=True), None)
    """
    if isinstance(value, str):
        return _read_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for kind, unit_ns in _UNITS_NS:
        if not _EARLIEST_NS <= value * unit_ns <= _LATEST_NS:
            continue
        if isinstance(value, int):
            return ReadTime(kind, value * unit_ns)
        if kind != "epoch_ns":  # they do not fit a double
            return ReadTime(kind, round(value * (unit_ns // 1_000)) * 1_000)
    return None


def _read_text(text: str) -> ReadTime | None:
    if len(text) > _LONGEST_TEXT:
        return None
    read = read_iso8601(text)
    if read is None or not _EARLIEST_NS <= read.time_ns <= _LATEST_NS:
        return None
    return ReadTime("iso8601", *read)
