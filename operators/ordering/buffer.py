"""A buffer that gives events out in event-time order, as far as the watermark allows."""

from collections.abc import Iterable

import polars as pl

from operators.ordering.identity import ORDER
from tidegauge.batch import END_OF_TIME, TIME


class EventTimeBuffer:
    """Holds events back until none earlier can come, then releases them in `ORDER`.

    What is released in the end, and in which order, does not depend on how the events were cut into
    batches, nor on how often the watermark was looked at. An event behind the watermark (from a
    partition that woke in another process) is released with the next ones: late, but not lost.

    Args:
        frames: events held back by an earlier run.
    """

    def __init__(self, frames: Iterable[pl.DataFrame] = ()) -> None:
        self._frames: list[pl.DataFrame] = []
        self._earliest_ns = END_OF_TIME
        for frame in frames:
            self.add(frame)

    def __len__(self) -> int:
        return sum(frame.height for frame in self._frames)

    def add(self, frame: pl.DataFrame) -> None:
        """Take events in; all frames have the same columns, those of `ORDER` among them."""
        if frame.height:
            earliest_ns: int = frame[TIME].min()  # type: ignore[assignment]  # Int64 without nulls
            self._earliest_ns = min(self._earliest_ns, earliest_ns)
            self._frames.append(frame)

    def release(self, watermark_ns: int) -> pl.DataFrame | None:
        """Events before the watermark, sorted; None when there are none."""
        if self._earliest_ns >= watermark_ns:
            return None
        held = pl.concat(self._frames, how="diagonal")
        ready = held[TIME] < watermark_ns
        self._frames, self._earliest_ns = [], END_OF_TIME
        self.add(held.filter(~ready))
        return held.filter(ready).sort(ORDER)

    def snapshot(self) -> list[pl.DataFrame]:
        """The events held back; frames do not change, so this is no copy."""
        return list(self._frames)
