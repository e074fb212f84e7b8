"""Windows by the rules, event by event, in plain Python: slow and obvious."""

import json
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import pytest

from operators.windows.tables.histogram import RELATIVE_ERROR

Event = Mapping[str, Any]
Key = tuple[Any, ...]
Results = dict[tuple[Key, int, int], dict[str, Any]]
"""Fields by key, start of the window in ms, and revision."""


@dataclass
class Partition:
    """What is known of one partition; times in ms."""

    high: float = -math.inf
    floor: float = -math.inf
    passed: float = -math.inf
    idle: bool = False

    def watermark(self, bound: int) -> float:
        return max(self.high - bound, self.floor)

    def wake(self) -> None:
        """What passed an idle partition is what it is judged by from now on."""
        if self.idle:
            self.floor = max(self.floor, self.passed)
            self.idle = False


@dataclass
class Judge:
    """Decides for each event whether it is on time, a correction or dead."""

    partitions: int
    bound: int
    lateness: int
    on_time: list[Event] = field(default_factory=list)
    corrections: list[Event] = field(default_factory=list)
    dead: int = 0

    def __post_init__(self) -> None:
        self.parts = [Partition() for _ in range(self.partitions)]
        self.offsets = [0] * self.partitions

    def events(self, number: int, events: Sequence[Event]) -> None:
        part = self.parts[number]
        part.wake()
        for sent in events:
            event = {**sent, "order": (sent["ts"], number, self.offsets[number])}
            self.offsets[number] += 1
            late_by = part.watermark(self.bound) - event["ts"]
            if late_by <= 0:
                self.on_time.append(event)
            elif late_by <= self.lateness:
                self.corrections.append(event)
            else:
                self.dead += 1
            part.high = max(part.high, event["ts"])
        self._tell()

    def idle(self, number: int) -> None:
        self.parts[number].idle = True
        self._tell()

    def resume(self) -> None:
        """After a restart all partitions are active, and each remembers what passed it."""
        for part in self.parts:
            part.wake()
            part.passed = -math.inf

    def _tell(self) -> None:
        """The watermark of the active ones passes the idle ones."""
        active = [part.watermark(self.bound) for part in self.parts if not part.idle]
        for part in self.parts:
            if part.idle and active:
                part.passed = max(part.passed, min(active))


def starts(time: int, size: int, every: int) -> Iterator[int]:
    """Starts of the windows that a time lies in."""
    start = time // every * every
    while start + size > time:
        yield start
        start -= every


def results(
    judge: Judge,
    *,
    size: int,
    every: int,
    by: Sequence[str],
    where: Callable[[Event], bool],
    fields: Callable[[list[Event]], dict[str, Any]],
) -> Results:
    """First results of the on-time events, corrected ones of all where there is a correction."""
    held: dict[bool, dict[tuple[Key, int], list[Event]]] = {}
    for late, events in ((False, judge.on_time), (True, judge.corrections)):
        held[late] = defaultdict(list)
        for event in filter(where, events):
            for start in starts(event["ts"], size, every):
                held[late][tuple(event[key] for key in by), start].append(event)
    made = {(*place, 0): fields(events) for place, events in held[False].items()}
    for place, events in held[True].items():
        made[*place, 1] = fields(held[False].get(place, []) + events)
    return made


def slope(numbers: list[tuple[int, float]]) -> float | None:
    """Rise a second from the first number to the last; times in ms."""
    if not numbers or numbers[0][0] == numbers[-1][0]:
        return None
    return (numbers[-1][1] - numbers[0][1]) / (numbers[-1][0] - numbers[0][0]) * 1_000


def percentile(numbers: list[Any], share: float) -> Any:
    """What equals a percentile within the stated error."""
    if not numbers:
        return None
    ordered, rank = sorted(numbers), share * (len(numbers) - 1)
    low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    exact = low + (high - low) * (rank - math.floor(rank))
    return pytest.approx(exact, abs=RELATIVE_ERROR * max(abs(low), abs(high)) + 1e-12)


def top(texts: list[str], length: int) -> str | None:
    """The most frequent as compact JSON."""
    counts = sorted(Counter(texts).items(), key=lambda item: (-item[1], item[0]))
    return json.dumps(counts[:length], separators=(",", ":")) if texts else None


def aggregates(events: list[Event]) -> dict[str, Any]:
    """The fields of `SELECT`, and the metadata."""
    v = [event["v"] for event in events if event["v"] is not None]
    q = [event["q"] for event in events if event["q"] is not None]
    b = [event["b"] for event in events if event["b"] is not None]
    times = [event["ts"] for event in events]
    ordered = sorted(events, key=itemgetter("order"))
    texts = [event["k"] for event in ordered if event["k"] is not None]
    numbers = [(event["ts"], event["v"]) for event in ordered if event["v"] is not None]
    positive = [number for number in v if number > 0]
    return {
        "n": len(events),
        "count_v": len(v),
        "sum_v": math.fsum(v) if v else None,
        "avg_v": math.fsum(v) / len(v) if v else None,
        "min_v": min(v, default=None),
        "max_v": max(v, default=None),
        "sd_v": statistics.stdev(v) if len(v) > 1 else None,
        "sdp_v": statistics.pstdev(v) if v else None,
        "sum_q": sum(q) if q else None,
        "max_q": max(q, default=None),
        "sd_q": statistics.stdev(q) if len(q) > 1 else None,
        "share_b": sum(b) / len(b) if b else None,
        "ratio": sum(q) / len(events) if q else None,
        "tens": 10 * len(events),
        "var_v": statistics.variance(v) if len(v) > 1 else None,
        "var_pop_v": statistics.pvariance(v) if v else None,
        "first_k": texts[0] if texts else None,
        "last_v": numbers[-1][1] if numbers else None,
        "delta_v": numbers[-1][1] - numbers[0][1] if numbers else None,
        "rate_v": slope(numbers),
        "median_v": percentile(v, 0.5),
        "p90_q": percentile(q, 0.9),
        "distinct_k": len(set(texts)),
        "top_k": top(texts, 2),
        "positive": len(positive),
        "sum_positive": math.fsum(positive) if positive else None,
        "distinct_positive": len(set(positive)),
        "data_points": len(events),
        "first_event_ns": min(times) * 1_000_000,
        "last_event_ns": max(times) * 1_000_000,
    }


SELECT = {
    "n": "count(*)",
    "count_v": "count(v)",
    "sum_v": "sum(v)",
    "avg_v": "avg(v)",
    "min_v": "min(v)",
    "max_v": "max(v)",
    "sd_v": "std_dev(v)",
    "sdp_v": "std_dev_pop(v)",
    "sum_q": "sum(q)",
    "max_q": "max(q)",
    "sd_q": "std_dev(q)",
    "share_b": "avg(b)",
    "ratio": "sum(q) / count(*)",
    "tens": "sum(10)",
    "var_v": "variance(v)",
    "var_pop_v": "var_pop(v)",
    "first_k": "first(k)",
    "last_v": "last(v)",
    "delta_v": "delta(v)",
    "rate_v": "rate(v)",
    "median_v": "median(v)",
    "p90_q": "percentile(q, 0.9)",
    "distinct_k": "distinct(k)",
    "top_k": "top(k, 2)",
    "positive": "count(*) FILTER (WHERE v > 0)",
    "sum_positive": "sum(v) FILTER (WHERE v > 0)",
    "distinct_positive": "count(DISTINCT v) FILTER (WHERE v > 0)",
}
