"""The alerts as they stand: the newest record of each alert and key."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_ENDED = 200
"""So many alerts that have ended are remembered."""
MOST_SENT = 200
"""So many alerts are told of at once, the gravest and newest first."""
ACTIVE = ("firing", "pending")
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
    """All active alerts and the newest of those that ended."""

    def __init__(self) -> None:
        self._standing: dict[Identity, Standing] = {}
        self.changed = 0

    def put(self, row: Mapping[str, Any], keys: Mapping[str, str], change: int) -> None:
        """Take a record in; an older one than is known changes nothing.

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
            "summary": row["summary"],
            "since_ms": (row["since_ns"] or row["time_ns"]) / 1e6,
            "time_ms": row["time_ns"] / 1e6,
        }
        identity = (row["alert"], tuple(sorted(keys.items())))
        known = self._standing.get(identity)
        if known is not None and (
            known.record["time_ms"] > record["time_ms"] or known.record == record
        ):
            return
        self._standing[identity] = Standing(keys, record, change)
        self.changed = change
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
        ended: Sequence[tuple[Identity, Standing]] = [
            (identity, each)
            for identity, each in self._standing.items()
            if each.record["state"] not in ACTIVE
        ]
        excess = len(ended) - MOST_ENDED
        oldest = heapq.nsmallest(excess, ended, key=lambda each: float(each[1].record["time_ms"]))
        for identity, _ in oldest:
            del self._standing[identity]


def gravity(level: int) -> str:
    """What an alert's level means."""
    return "critical" if level >= CRITICAL else "warning" if level >= WARNING else "information"
