"""What Grafana puts into a query before InfluxDB gets it.

In the browser: the variables, and the distance of two points from range and width. In the server:
`$timeFilter` and `$__interval`. InfluxDB itself knows `now()`; a test that looks at the past puts
in what it would be then, and that the store holds nothing of later.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegauge.durations import UNITS_NS, parse_duration_ns

MS = UNITS_NS["ms"]
_STEPS_MS = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1_500, 1_000),
    (3_500, 2_000), (7_500, 5_000), (12_500, 10_000), (17_500, 15_000), (25_000, 20_000),
    (45_000, 30_000), (90_000, 60_000), (210_000, 120_000), (450_000, 300_000),
    (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000), (2_700_000, 1_800_000),
    (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000),
    (32_400_000, 21_600_000), (86_400_000, 43_200_000), (604_800_000, 86_400_000),
)  # fmt: skip
"""Distances up to the first are rounded to the second."""
_ESCAPED = re.compile(r"[\\^$*+?.()|\[\]{}/]")
_VARIABLE = re.compile(r"\$\{(\w+):(\w+)\}", re.ASCII)
_LEFT = re.compile(r"(?<!\\)\$[\w{]", re.ASCII)
"""A variable or macro that is left; what a value has of this is escaped."""
_SINCE = re.compile(r"time > now\(\) - (\w+)", re.ASCII)


@dataclass(frozen=True)
class Choice:
    """What a variable stands for: texts and values of the same length.

    `literal` is the text that stands for all, which is put in as it is.
    """

    values: Sequence[str] = ()
    texts: Sequence[str] = ()
    literal: str | None = None

    def formatted(self, form: str) -> str:
        """As `${name:form}`."""
        if form == "text":
            return " + ".join(self.texts)
        if form == "raw":
            return ",".join(self.values)
        assert form == "regex", form
        if self.literal is not None:
            return self.literal
        escaped = [_ESCAPED.sub(lambda found: "\\" + found[0], value) for value in self.values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


@dataclass(frozen=True)
class Range:
    """The time that is looked at, in milliseconds."""

    from_ms: int
    to_ms: int

    @classmethod
    def before(cls, to_ms: int, span: str) -> "Range":
        """The span before a time."""
        return cls(to_ms - parse_duration_ns(span) // MS, to_ms)


def interval(span: Range, points: int, least: str) -> str:
    """The distance of two points: that of the panel, or what its width leaves room for."""
    least_ms = parse_duration_ns(least) // MS
    raw_ms = (span.to_ms - span.from_ms) / points
    if raw_ms < least_ms:
        return f"{least_ms}ms"
    rounded = next((step for bound, step in _STEPS_MS if raw_ms < bound), 604_800_000)
    return f"{rounded}ms"


def with_variables(query: str, choices: Mapping[str, Choice]) -> str:
    """A query with the variables put in."""
    return _VARIABLE.sub(lambda found: choices[found[1]].formatted(found[2]), query)


def with_time(
    query: str, span: Range, step: str = "", now_ms: int | None = None, *, ends: bool = True
) -> str:
    """A query with time and distance put in; without a distance, none may be in it.

    Args:
        query: the query.
        span: the time that is looked at.
        step: distance of two points.
        now_ms: now, where it is not the end of what is looked at.
        ends: whether the store may hold what was written later than now.
    """
    now_ms = span.to_ms if now_ms is None else now_ms
    if step:
        query = query.replace("$__interval", step)
    query = query.replace("$timeFilter", f"time >= {span.from_ms}ms and time <= {span.to_ms}ms")

    def since(found: re.Match[str]) -> str:
        from_ms = now_ms - parse_duration_ns(found[1]) // MS
        until = f" AND time <= {now_ms}ms" if ends else ""
        return f"time > {from_ms}ms{until}"

    query = _SINCE.sub(since, query)
    assert not _LEFT.search(query), query
    assert "now()" not in query, query
    return query
