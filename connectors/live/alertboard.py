"""The alerts as they stand: the newest record of each alert and key.

One about a moment (`tidegauge.moments`) is firing for a time after it was told, and then ended.
"""

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge.moments import HOLD_NS

MOST_ENDED = 200
"""So many alerts that have ended are remembered."""
MOST_ACTIVE = 10_000
"""So many active alerts are remembered; of more, those that matter most."""
MOST_TEXT = 2_000
"""Characters of a summary."""
MOST_SENT = 200
"""So many alerts are told of at once, the gravest and newest first."""
ACTIVE = ("firing", "pending")
ENDED = "ended"
"""The state of a moment that is over."""
CRITICAL, WARNING = 8, 5
"""Levels from which an alert is critical, and from which it is a warning."""

Identity = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert for one key.

    Attributes:
        keys: the key columns it has, and their values.
        record: its newest record, as it is sent.
        change: the change that brought the record.
    """

    keys: Mapping[str, str]
    record: Mapping[str, Any]
    change: int

    @property
    def order(self) -> tuple[bool, int, float]:
        """Greater for what matters more: active, then grave, then new."""
        record = self.record
        return record["state"] in ACTIVE, record["level"], record["time_ms"]


class AlertBoard:
    """The active alerts and the newest of those that ended.

    Args:
        moments: names of the alerts that nothing ends.
    """

    def __init__(self, moments: frozenset[str] = frozenset()) -> None:
        self._moments = moments
        self._standing: dict[Identity, Standing] = {}
        self._ends_ns: dict[Identity, int] = {}
        self._next_ns: float = math.inf
        self.changed = 0

    def put(self, row: Mapping[str, Any], keys: Mapping[str, str], change: int) -> None:
        """Take a record in; an older one than is known changes nothing.

        After the last one of a change, `settle` is to be called.

        Args:
            row: columns of the signal `alerts`.
            keys: the key columns it has, and their values.
            change: number of the change.
        """
        record = {
            "alert": row["alert"],
            "level": int(row["level"]),
            "keys": dict(keys),
            "state": row["state"],
            "id": row["id"],
            "value": row["value"],
            "summary": _clipped(row["summary"]),
            "since_ms": (row["since_ns"] or row["time_ns"]) / 1e6,
            "time_ms": row["time_ns"] / 1e6,
        }
        identity = (row["alert"], tuple(sorted(keys.items())))
        known = self._standing.get(identity)
        if known is not None and (
            known.record["time_ms"] > record["time_ms"] or _same(known.record, record)
        ):
            return
        self._standing[identity] = Standing(keys, record, change)
        self.changed = change
        if row["alert"] in self._moments:
            told_ns = row["processing_time_ns"] or row["time_ns"]
            self._ends_ns[identity] = told_ns + HOLD_NS
            self._next_ns = min(self._next_ns, told_ns + HOLD_NS)

    def is_due(self, now_ns: int) -> bool:
        """Whether a moment is over since `settle`."""
        return now_ns >= self._next_ns

    def settle(self, now_ns: int, change: int) -> None:
        """End the moments that are over, and forget what is too much.

        Args:
            now_ns: wall clock.
            change: number of the change.
        """
        if self.is_due(now_ns):
            for identity in [each for each, at_ns in self._ends_ns.items() if now_ns >= at_ns]:
                del self._ends_ns[identity]
                standing = self._standing[identity]
                record = {**standing.record, "state": ENDED}
                self._standing[identity] = Standing(standing.keys, record, change)
                self.changed = change
            self._next_ns = min(self._ends_ns.values(), default=math.inf)
        if len(self._standing) > 2 * MOST_ENDED:
            self._forget()

    def since(self, change: int) -> list[Standing]:
        """What came after a change: at most `MOST_SENT`, what matters more first."""
        if self.changed <= change:
            return []
        new = (standing for standing in self._standing.values() if standing.change > change)
        return heapq.nlargest(MOST_SENT, new, key=lambda standing: standing.order)

    def active(self) -> Iterator[Standing]:
        """All that are pending or firing."""
        return (each for each in self._standing.values() if each.record["state"] in ACTIVE)

    def counts(self) -> dict[str, int]:
        """How many fire, by gravity, and how many are pending."""
        counts = {"critical": 0, "warning": 0, "information": 0, "pending": 0}
        for standing in self.active():
            record = standing.record
            counts["pending" if record["state"] == "pending" else gravity(record["level"])] += 1
        return counts

    def _forget(self) -> None:
        active, ended = list[Identity](), list[Identity]()
        for identity, each in self._standing.items():
            (active if each.record["state"] in ACTIVE else ended).append(identity)
        for found, most in ((active, MOST_ACTIVE), (ended, MOST_ENDED)):
            excess = max(0, len(found) - most)
            for identity in heapq.nsmallest(
                excess, found, key=lambda each: self._standing[each].order
            ):
                del self._standing[identity]
                self._ends_ns.pop(identity, None)


def gravity(level: int) -> str:
    """What an alert's level means."""
    return "critical" if level >= CRITICAL else "warning" if level >= WARNING else "information"


def _clipped(text: str | None) -> str | None:
    return text if text is None or len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def _same(known: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether it is known already, also as a moment that is over."""
    return known == record or (known["state"] == ENDED and known == {**record, "state": ENDED})
