"""Durations as people write them: `500ms`, `10s`, `1m`, `4h`, `30d`."""

import re

from tidegauge.texts import cut

UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
LONGEST_NS = 3_650 * UNITS_NS["d"]
"""Ten years: more does not fit beside an event time in 64 bits."""
_PART = re.compile(r"(\d{1,20})(ns|us|ms|s|m|h|d|w)", re.ASCII)
_DURATION = re.compile(f"(?:{_PART.pattern})+", re.ASCII)


def parse_duration_ns(text: str) -> int:
    """Nanoseconds of a duration such as `90s` or `1m30s`.

    Raises:
        ValueError: the text is no duration; the message says what is allowed.
    """
    # What YAML took for a number or a list is no text, whatever the annotation says.
    written = str(text).strip()
    if not _DURATION.fullmatch(written):
        raise ValueError(
            f"{cut(repr(text))} is no duration: write a whole number and a unit,"
            " such as 500ms, 10s, 5m, 1h30m, 7d"
        )
    return sum(int(number) * UNITS_NS[unit] for number, unit in _PART.findall(written))


def bounded_duration_ns(text: str) -> int:
    """As `parse_duration_ns`, of at most `LONGEST_NS`.

    Raises:
        ValueError: the text is no duration, or a longer one.
    """
    duration_ns = parse_duration_ns(text)
    if duration_ns > LONGEST_NS:
        raise ValueError(f"{cut(repr(text))} is too long: at most 3650d")
    return duration_ns


def format_duration_ns(duration_ns: int) -> str:
    """The shortest text that `parse_duration_ns` reads back as `duration_ns`."""
    parts = []
    for unit in ("w", "d", "h", "m", "s", "ms", "us", "ns"):
        number, duration_ns = divmod(duration_ns, UNITS_NS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
