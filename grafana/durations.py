"""Durations as Grafana reads them: one number and one unit."""

from tidegauge.durations import UNITS_NS

_UNITS = ("d", "h", "m", "s", "ms")


def duration(duration_ns: int) -> str:
    """`90s` for a minute and a half; what is no whole millisecond is rounded up."""
    milliseconds = -(-duration_ns // UNITS_NS["ms"])
    whole_ns = milliseconds * UNITS_NS["ms"]
    unit = next(unit for unit in _UNITS if not whole_ns % UNITS_NS[unit])
    return f"{whole_ns // UNITS_NS[unit]}{unit}"


def seconds(duration_ns: int) -> int:
    """Whole seconds, rounded up."""
    return -(-duration_ns // UNITS_NS["s"])
