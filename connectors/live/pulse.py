"""How the flow does: what it processed, how fast, how late."""

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

HISTORY = 300
"""So many rates are kept, about one a second."""
LATENCIES = 1_000
"""Latency is told over so many results."""
_APART_MS = 1_000.0
_OVER_MS = 5_000.0

Partition = tuple[str, str, str]


class Pulse:
    """Counts of all partitions together, their rate over the last seconds, and the latency."""

    def __init__(self) -> None:
        self._counts: dict[Partition, Mapping[str, Any]] = {}
        self._totals: deque[tuple[float, int]] = deque(maxlen=HISTORY + 1)
        self._latencies: deque[float] = deque(maxlen=LATENCIES)
        self.changed = 0

    def count(self, row: Mapping[str, Any], change: int) -> None:
        """Take in a record of the signal `flow`."""
        self._counts[row["source"], row["topic"], row["partition"]] = row
        self.changed = change
        now_ms = row["time_ns"] / 1e6
        if not self._totals or now_ms >= self._totals[-1][0] + _APART_MS:
            self._totals.append((now_ms, self._sum("processed")))

    def time(self, latency_ms: float, change: int) -> None:
        """Take in the latency of a first result of a window."""
        self._latencies.append(latency_ms)
        self.changed = change

    def now(self) -> dict[str, Any]:
        """The counts, the rate and the latency."""
        marks = [row["watermark_ns"] for row in self._counts.values() if row["watermark_ns"]]
        newest_ns = max((row["time_ns"] for row in self._counts.values()), default=None)
        return {
            "events": self._sum("processed"),
            "events_per_second": self._rate(),
            "errors": self._sum("errors"),
            "corrections": self._sum("corrections"),
            "filtered": self._sum("filtered"),
            "partitions": len(self._counts),
            "watermark_ms": min(marks) / 1e6 if marks else None,
            "counted_ms": None if newest_ns is None else newest_ns / 1e6,
            "latency": self._latency(),
        }

    def rates(self) -> dict[str, list[float]]:
        """The rate so far, from each count to the next."""
        times: list[float] = []
        values: list[float] = []
        for (earlier_ms, before), (now_ms, total) in pairwise(self._totals):
            times.append(now_ms)
            values.append(_per_second(before, total, now_ms - earlier_ms))
        return {"time_ms": times, "values": values}

    def _rate(self) -> float:
        if len(self._totals) < 2:
            return 0.0
        now_ms, total = self._totals[-1]
        earlier_ms, before = next(
            (each for each in reversed(self._totals) if each[0] <= now_ms - _OVER_MS),
            self._totals[0],
        )
        return _per_second(before, total, now_ms - earlier_ms)

    def _latency(self) -> dict[str, Any]:
        if not self._latencies:
            return {"p50_ms": None, "p99_ms": None, "results": 0}
        p50, p99 = np.percentile(list(self._latencies), [50, 99]).tolist()
        return {"p50_ms": p50, "p99_ms": p99, "results": len(self._latencies)}

    def _sum(self, name: str) -> int:
        values: Sequence[int | None] = [row[name] for row in self._counts.values()]
        return sum(value or 0 for value in values)


def _per_second(before: int, total: int, apart_ms: float) -> float:
    # A flow that began anew without saved state counts from nothing.
    return max(0, total - before) * 1e3 / apart_ms
