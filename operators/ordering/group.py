"""All orderings of a source in one key group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from operators.keygroups.saved import check_version
from operators.ordering.buffer import EventTimeBuffer
from operators.ordering.identity import distinct_times
from operators.ordering.plan import Ordering
from operators.progress.watermark import Watermark
from tidegauge.batch import NO_TIME, TIME, Progress
from tidegauge.journal import Floor
from tidegauge.records import TIME_NS, RecordBatch

STATE_VERSION = 2


@dataclass(frozen=True, slots=True)
class EventSlice:
    """What a batch brings to a key group: its events by ordering, and progress; or only a floor."""

    progress: Progress | Floor
    events: Mapping[str, pl.DataFrame] = field(default_factory=dict)


class OrderGroup:
    """Sorts the events of a key group up to the watermark of their source.

    Args:
        orderings: the source's orderings.
        snapshot: where an earlier run stopped.

    Raises:
        UserMistake: the snapshot is of another version.
    """

    def __init__(
        self, orderings: Sequence[Ordering], snapshot: dict[str, Any] | None = None
    ) -> None:
        held: dict[str, list[pl.DataFrame]] = {}
        self._watermark = Watermark()
        self._last_ns: dict[str, int] = {}
        if snapshot is not None:
            check_version("ordered events", snapshot["version"], STATE_VERSION)
            held = snapshot["held"]
            self._last_ns = dict(snapshot.get("last_ns", {}))
            self._watermark = Watermark.restore(snapshot["watermark"])
        self._buffers = {
            ordering.name: EventTimeBuffer(held.get(ordering.name, ())) for ordering in orderings
        }

    def take(self, slices: Sequence[EventSlice]) -> list[RecordBatch]:
        """Events that nothing can come before any more.

        Each frame has the columns of the ordering, those of `ORDER`, and `time_ns`.
        """
        for piece in slices:
            for name, events in piece.events.items():
                self._buffers[name].add(events)
            self._watermark.observe(piece.progress)
        released = []
        for name, buffer in self._buffers.items():
            ready = buffer.release(self._watermark.value_ns)
            if ready is not None:
                times = distinct_times(ready[TIME], self._last_ns.get(name, NO_TIME))
                self._last_ns[name] = times[-1]
                released.append(RecordBatch(name, ready.with_columns(times.alias(TIME_NS))))
        return released

    @property
    def passed(self) -> tuple[int, ...]:
        """The watermark: all events before this time were given (`Watermark.passed`)."""
        return self._watermark.passed

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "version": STATE_VERSION,
            "watermark": self._watermark.snapshot(),
            "last_ns": dict(self._last_ns),
            "held": {name: buffer.snapshot() for name, buffer in self._buffers.items()},
        }
