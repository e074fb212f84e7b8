"""Counts of each partition as records of the flow signal, at most one a period.

One that is idle has a record each period, too: else nobody could tell it from one that nobody
reads. One that is active and has nothing to read, or waits for a transaction to end, has one now
and then.
"""

from dataclasses import dataclass

import polars as pl

from tidegauge.batch import NO_TIME, Counts, PartitionState, Progress
from tidegauge.catalogue import FLOW, FLOW_SIGNAL
from tidegauge.records import TIME_NS, RecordBatch

_SCHEMA = {TIME_NS: pl.Int64} | {column.name: column.type.dtype for column in FLOW_SIGNAL.columns}


ALIVE_PERIODS = 30
"""So many periods without something observed, and what was last is told again."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a batch tells of its partition."""

    topic: str
    progress: Progress
    counts: Counts
    odd_levels: int = 0
    quarantined: bool = False


class PartitionHealth:
    """Turns the counts of one partition's batches into records.

    The time of a record is the wall clock: it tells of the run, not of the data.

    Args:
        period_ns: least time between two records; `flush` gives one sooner.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._at_ns: int | None = None
        self._processed = 0
        self._waiting: Observed | None = None
        self._last: Observed | None = None
        self._odd_levels = 0

    @property
    def due_ns(self) -> int | None:
        """When what was observed last becomes a record, if it has not."""
        if self._waiting is None or self._at_ns is None:
            return None
        return self._at_ns + self._period_ns

    @property
    def alive_ns(self) -> int | None:
        """When it has to be told again that the partition is read, though nothing was observed."""
        if self._last is None or self._at_ns is None:
            return None
        ended = self._last.progress.state is PartitionState.FINISHED
        return None if ended else self._at_ns + ALIVE_PERIODS * self._period_ns

    def observe(self, observed: Observed, now_ns: int) -> list[RecordBatch]:
        """The partition's record, when one is due."""
        self._waiting = self._last = observed
        self._odd_levels += observed.odd_levels
        due_ns = self.due_ns
        return self.flush(now_ns) if due_ns is None or now_ns >= due_ns else []

    def tell(self, now_ns: int) -> list[RecordBatch]:
        """A record of what no record has told yet, or again of what was observed last."""
        self._waiting = self._waiting or self._last
        return self.flush(now_ns)

    def flush(self, now_ns: int) -> list[RecordBatch]:
        """A record of what no record has told yet."""
        seen, self._waiting = self._waiting, None
        if seen is None:
            return []
        if seen.progress.state is PartitionState.IDLE:
            self._waiting = seen
        elapsed_ns = now_ns - self._at_ns if self._at_ns is not None else 0
        rate = (seen.counts.read - self._processed) * 1e9 / elapsed_ns if elapsed_ns > 0 else None
        self._at_ns, self._processed = now_ns, seen.counts.read
        watermark_ns = seen.progress.watermark_ns if seen.progress.watermark_ns != NO_TIME else None
        row = {
            TIME_NS: now_ns,
            "source": seen.progress.source,
            "topic": seen.topic,
            "partition": seen.progress.partition,
            "processed": seen.counts.read,
            "rate": rate,
            "errors": seen.counts.dead_lettered,
            "on_time": seen.counts.on_time,
            "corrections": seen.counts.corrections,
            "late": seen.counts.late,
            "filtered": seen.counts.filtered,
            "odd_levels": self._odd_levels,
            "watermark_ns": watermark_ns,
            "watermark_lag_ms": None if watermark_ns is None else (now_ns - watermark_ns) / 1e6,
            "state": seen.progress.state.value,
            "quarantined": int(seen.quarantined),
        }
        return [RecordBatch(FLOW, pl.DataFrame([row], schema=_SCHEMA))]
