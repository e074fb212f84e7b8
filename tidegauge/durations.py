"""Durations as people write them: `500ms`, `10s`, `1m`, `4h`, `30d`."""

import re

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
_PART = re.compile(r"(\d+)(ns|us|ms|s|m|h|d|w)", re.ASCII)
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
            f"{text!r} is no duration: write a whole number and a unit,"
            " such as 500ms, 10s, 5m, 1h30m, 7d"
        )
    return sum(int(number) * UNITS_NS[unit] for number, unit in _PART.findall(written))


def format_duration_ns(duration_ns: int) -> str:
    """The shortest text that `parse_duration_ns` reads back as `duration_ns`."""
    parts = []
    for unit in ("w", "d", "h", "m", "s", "ms", "us", "ns"):
        number, duration_ns = divmod(duration_ns, UNITS_NS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
