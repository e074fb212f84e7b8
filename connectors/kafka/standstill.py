"""Partitions that stand still: the log goes on, the broker answers, and nothing comes of it.

A client tries again by itself what it cannot read, for ever, and does not always say so. Its
statistics tell: they name for each partition the next offset that it fetches and how far readers
may read.

What is no standstill: a broker that is away or takes long to send something large (no answer is
complete), a reader that rests (what was fetched waits in the client), an open transaction (readers
may not read on), and offsets that hold nothing for readers (the client passes them).
"""

from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""
STALLED_AFTER_S = 20.0
"""So long a partition must stand still before it is called so, unless said otherwise."""
_UNKNOWN = 0
"""Offsets below are none: the client's marks for what it does not know."""


class Standstill(NamedTuple):
    """Where a partition stands still.

    Attributes:
        offset: the next offset that its client asks for.
        end: readers may read up to here; below 0 where the broker has not told it.
    """

    offset: int
    end: int


class _Look(NamedTuple):
    offset: int
    end: int
    answers: int
    waiting: int
    at_end: int


class Standstills:
    """Counts for how many looks in a row partitions have stood still.

    Args:
        look_every_s: time between two looks.
        after_s: so long a partition must stand still before it is called so.
    """

    def __init__(self, look_every_s: float, after_s: float = STALLED_AFTER_S) -> None:
        self._looks = max(ceil(after_s / look_every_s), 1)
        self._last: dict[Place, _Look] = {}
        self._standing: dict[Place, int] = {}
        self._unanswered: dict[Place, int] = {}

    def look(self, statistics: Mapping[str, Any]) -> None:
        """Take the next statistics of a client."""
        answers = {
            broker["nodeid"]: broker.get("rx", 0) for broker in statistics["brokers"].values()
        }
        for topic, about in statistics.get("topics", {}).items():
            for number, partition in about["partitions"].items():
                place = topic, int(number)
                now = _look(partition, answers)
                before = self._last.get(place)
                reading = partition["fetch_state"] == "active" and (
                    # One without a leader, or that is on its way to another broker, is not read.
                    0 <= partition["broker"] == partition["leader"]
                )
                stands = before is not None and reading and _stands(before, now)
                self._standing[place] = self._standing.get(place, 0) + 1 if stands else 0
                answered = before is None or now.answers > before.answers
                self._unanswered[place] = 0 if answered else self._unanswered[place] + 1
                self._last[place] = now

    def of(self, place: Place) -> Standstill | None:
        """Where a partition stands still, if it has for long enough."""
        if self._standing.get(place, 0) < self._looks:
            return None
        if self._unanswered[place] > self._looks // 2:
            return None
        last = self._last[place]
        return Standstill(last.offset, last.end)

    def forget(self) -> None:
        """Begin anew, for partitions are read from elsewhere now."""
        self._last.clear()
        self._standing.clear()
        self._unanswered.clear()


def _look(partition: Mapping[str, Any], answers: Mapping[int, int]) -> _Look:
    return _Look(
        partition["next_offset"],
        partition["ls_offset"],
        answers.get(partition["broker"], 0),
        partition["fetchq_cnt"],
        partition["eof_offset"],
    )


def _stands(before: _Look, now: _Look) -> bool:
    if now.waiting or now.offset < _UNKNOWN or now.offset != before.offset:
        return False
    return now.offset < now.end if now.end >= _UNKNOWN else now.offset != now.at_end
