"""Events brought into event-time order, the late ones apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from operators.keygroups.saved import check_version
from tidegauge.batch import NO_TIME, TIME

STATE_VERSION = 1
DEFAULT_LIMIT = 10_000_000
"""Events that wait for the watermark at most."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Events that will never be processed: `late` behind the watermark, `refused` for room."""

    late: pl.DataFrame
    refused: pl.DataFrame


class EventTimeOrder:
    """Holds events until the watermark reaches them, then gives them out by event time.

    An event at or behind the watermark is late. Equal times are ordered by `ties`, then by arrival.
    When `limit` events are waiting, further ones are refused.

    Args:
        ties: columns that order events of the same time.
        limit: how many events may wait.
    """

    def __init__(self, ties: Sequence[str] = (), limit: int = DEFAULT_LIMIT) -> None:
        self._order = [TIME, *ties]
        self._limit = limit
        self._held: list[pl.DataFrame] = []
        self._count = 0
        self.watermark_ns = NO_TIME

    def __len__(self) -> int:
        return self._count

    def add(self, events: pl.DataFrame) -> Arrived:
        """Take events in, in the order of their arrival."""
        behind = events[TIME] <= self.watermark_ns
        late, waiting = events.filter(behind), events.filter(~behind)
        room = self._limit - self._count
        refused, waiting = waiting[room:], waiting[:room]
        if waiting.height:
            self._held.append(waiting)
            self._count += waiting.height
        return Arrived(late, refused)

    def advance(self, watermark_ns: int) -> pl.DataFrame | None:
        """Events up to the watermark, in order; None if it did not rise or there are none."""
        if watermark_ns <= self.watermark_ns:
            return None
        self.watermark_ns = watermark_ns
        if not self._held:
            return None
        held = pl.concat(self._held, how="diagonal")
        ready = held[TIME] <= watermark_ns
        rest = held.filter(~ready)
        self._held = [rest] if rest.height else []
        self._count = rest.height
        if rest.height == held.height:
            return None
        return held.filter(ready).sort(self._order, maintain_order=True)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "version": STATE_VERSION,
            "watermark_ns": self.watermark_ns,
            "held": list(self._held),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on where a snapshot was taken.

        Raises:
            UserMistake: it is of another version.
        """
        check_version("events in order", snapshot["version"], STATE_VERSION)
        self.watermark_ns = snapshot["watermark_ns"]
        self._held = list(snapshot["held"])
        self._count = sum(frame.height for frame in self._held)
