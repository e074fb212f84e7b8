"""Every kind of window, with a reference for it: by the rules, event by event, slow and obvious."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.operators.windows.reference import Event, Judge, Key, starts

MS = 1_000_000
FINAL, SUPERSEDED = "final", "superseded"

Place = tuple[Key, int, int, int, str]
"""Key, start and time of the record in nanoseconds, revision, state."""
Given = dict[Place, list[Event]]
"""What must be given, and the events in it."""


@dataclass(frozen=True)
class Keyed:
    """Events of one key."""

    on_time: list[Event] = field(default_factory=list)
    corrections: list[Event] = field(default_factory=list)


Rule = Callable[[Keyed], Iterator[tuple[int, int, int, str, list[Event]]]]
"""Start, time, revision, state and events of each window of a key."""


@dataclass(frozen=True)
class Kind:
    """A kind of window with its sizes: its declaration, and what it must give."""

    name: str
    declared: dict[str, Any]
    rule: Rule
    timezone: str = "UTC"
    every_step: bool = False

    def expected(
        self, judge: Judge, by: Sequence[str], where: Callable[[Event], bool] = lambda _: True
    ) -> Given:
        """All results for the events that a judge has seen."""
        keys: dict[Key, Keyed] = defaultdict(Keyed)
        for event in filter(where, judge.on_time):
            keys[tuple(event[key] for key in by)].on_time.append(event)
        for event in filter(where, judge.corrections):
            keys[tuple(event[key] for key in by)].corrections.append(event)
        return {
            (key, start, end, revision, state): events
            for key, keyed in keys.items()
            for start, end, revision, state, events in self.rule(keyed)
        }


def aligned(size: int, every: int, early: int = 0) -> Rule:
    """Tumbling and sliding windows, with early results or without, in ms."""

    def rule(keyed: Keyed) -> Iterator[tuple[int, int, int, str, list[Event]]]:
        held: dict[int, Keyed] = defaultdict(Keyed)
        for event in keyed.on_time:
            for start in starts(event["ts"], size, every):
                held[start].on_time.append(event)
        for event in keyed.corrections:
            for start in starts(event["ts"], size, every):
                held[start].corrections.append(event)
        for start, found in held.items():
            for left in range(size // early - 1, 0, -1) if early else ():
                until = start + size - left * early
                so_far = [event for event in found.on_time if event["ts"] < until]
                if so_far:
                    yield start * MS, (start + size) * MS, -left, FINAL, so_far
            yield from _results(start * MS, (start + size) * MS, found)

    return rule


def session(gap: int) -> Rule:
    """Sessions, in ms."""

    def rule(keyed: Keyed) -> Iterator[tuple[int, int, int, str, list[Event]]]:
        first = list(_sessions(keyed.on_time, gap))
        for start, end, events in first:
            yield start, end, 0, FINAL, events
        for start, end, events in _sessions(keyed.on_time + keyed.corrections, gap):
            if any(event is late for event in events for late in keyed.corrections):
                yield start, end, 1, FINAL, events
                for was_start, was_end, part in first:
                    within = start <= was_start and was_end <= end
                    if within and (was_start, was_end) != (start, end):
                        yield was_start, was_end, 1, SUPERSEDED, part

    return rule


def counted(size: int, every: int, ttl: int | None = None) -> Rule:
    """Windows of a number of events, anew after a silence of `ttl` ms."""

    def rule(keyed: Keyed) -> Iterator[tuple[int, int, int, str, list[Event]]]:
        events = sorted(keyed.on_time, key=lambda e: (e["ts"], e["_partition"], e["_offset"]))
        before = None
        for run in _runs(events, ttl):
            for first in range(0, len(run) - size + 1, every):
                window = run[first : first + size]
                last = window[-1]["ts"] * MS
                last = last if before is None else max(last, before + 1)
                yield window[0]["ts"] * MS, last, 0, FINAL, window
                before = last

    return rule


def _runs(events: list[Event], ttl: int | None) -> list[list[Event]]:
    runs: list[list[Event]] = []
    for event in events:
        if not runs or (ttl is not None and event["ts"] - runs[-1][-1]["ts"] >= ttl):
            runs.append([])
        runs[-1].append(event)
    return runs


def cumulative(size: int, every: int, *, at_each: bool = False) -> Rule:
    """A period of a fixed length so far, in ms: where it changes, or at each step."""

    def period(at: int) -> tuple[int, int]:
        return at // size * size, at // size * size + size

    return _so_far(period, every, at_each=at_each)


def day_so_far(zone: str, every: int, *, at_each: bool = False) -> Rule:
    """A calendar day so far, in ms: where it changes, or at each step."""

    def period(at: int) -> tuple[int, int]:
        day = datetime.fromtimestamp(at / 1_000, ZoneInfo(zone)).date()
        return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)

    return _so_far(period, every, at_each=at_each)


def _midnight(day: Any, zone: str) -> int:
    """The first minute of a day, in ms, found by looking at every one."""
    at = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    while at.astimezone(ZoneInfo(zone)).date() < day:
        at += timedelta(minutes=1)
    return int(at.timestamp()) * 1_000


def _so_far(period: Callable[[int], tuple[int, int]], every: int, *, at_each: bool) -> Rule:
    def rule(keyed: Keyed) -> Iterator[tuple[int, int, int, str, list[Event]]]:
        for start, end in {period(event["ts"]) for event in keyed.on_time + keyed.corrections}:
            began = start
            for step in [*range(start + every, end, every), end]:
                new, told = _between(keyed, began, step), at_each or step == end
                for result in _results(start * MS, step * MS, _between(keyed, start, step)):
                    corrects = bool(result[2] and new.corrections)
                    if told or new.on_time or corrects:
                        yield result
                began = step

    return rule


def _between(keyed: Keyed, start: int, end: int) -> Keyed:
    return Keyed(
        [event for event in keyed.on_time if start <= event["ts"] < end],
        [event for event in keyed.corrections if start <= event["ts"] < end],
    )


def _results(
    start: int, end: int, found: Keyed
) -> Iterator[tuple[int, int, int, str, list[Event]]]:
    """A first result of what was on time, a corrected one of all where there is a correction."""
    if found.on_time:
        yield start, end, 0, FINAL, found.on_time
    if found.corrections:
        yield start, end, 1, FINAL, found.on_time + found.corrections


def _sessions(events: list[Event], gap: int) -> Iterator[tuple[int, int, list[Event]]]:
    held: list[Event] = []
    for event in sorted(events, key=lambda e: e["ts"]):
        if held and event["ts"] - held[-1]["ts"] >= gap:
            yield held[0]["ts"] * MS, (held[-1]["ts"] + gap) * MS, held
            held = []
        held.append(event)
    if held:
        yield held[0]["ts"] * MS, (held[-1]["ts"] + gap) * MS, held


KINDS = [
    Kind("tumbling", {"tumbling": {"size": "10ms"}}, aligned(10, 10)),
    Kind("sliding", {"sliding": {"size": "10ms", "every": "5ms"}}, aligned(10, 5)),
    Kind("tumbling, early", {"tumbling": {"size": "9ms"}, "early": "3ms"}, aligned(9, 9, 3)),
    Kind(
        "sliding, early",
        {"sliding": {"size": "12ms", "every": "4ms"}, "early": "3ms"},
        aligned(12, 4, 3),
    ),
    Kind("session", {"session": {"gap": "4ms"}}, session(4)),
    Kind("session with a long gap", {"session": {"gap": "12ms"}}, session(12)),
    Kind("count", {"count": {"size": 3}}, counted(3, 3)),
    Kind(
        "count with a time to live",
        {"count": {"size": 3}, "state": {"ttl": "3ms"}},
        counted(3, 3, 3),
    ),
    Kind(
        "count, sliding, with a time to live",
        {"count": {"size": 4, "every": 2}, "state": {"ttl": "4ms"}},
        counted(4, 2, 4),
    ),
    Kind("count, sliding", {"count": {"size": 4, "every": 1}}, counted(4, 1)),
    Kind("count, sliding by two of five", {"count": {"size": 5, "every": 2}}, counted(5, 2)),
    Kind("cumulative", {"cumulative": {"size": "20ms", "every": "5ms"}}, cumulative(20, 5)),
    Kind(
        "cumulative, at each step",
        {"cumulative": {"size": "20ms", "every": "5ms"}},
        cumulative(20, 5, at_each=True),
        every_step=True,
    ),
]
