"""Counts of each partition as records of the flow signal, at most one a period."""

from dataclasses import dataclass

import polars as pl

from tidegauge.batch import NO_TIME, EventBatch, PartitionState
from tidegauge.catalogue import FLOW
from tidegauge.records import RecordBatch

_SCHEMA = {
    "time_ns": pl.Int64,
    "topic": pl.String,
    "partition": pl.Int64,
    "processed": pl.Int64,
    "rate": pl.Float64,
    "errors": pl.Int64,
    "on_time": pl.Int64,
    "corrections": pl.Int64,
    "filtered": pl.Int64,
    "watermark_ns": pl.Int64,
}


@dataclass(frozen=True, slots=True)
class _Last:
    at_ns: int
    processed: int


class PartitionHealth:
    """Turns the counts that batches carry into records.

    The time of a record is the wall clock: it tells of the run, not of the data.

    Args:
        period_ns: least time between two records of a partition; the last batch always gives one.
    """

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._last: dict[tuple[str, int], _Last] = {}

    def observe(self, batch: EventBatch, now_ns: int) -> RecordBatch | None:
        """The partition's record, when it is due."""
        key = batch.topic, batch.progress.partition
        last = self._last.get(key)
        final = batch.progress.state is PartitionState.FINISHED
        if last is not None and now_ns - last.at_ns < self._period_ns and not final:
            return None
        self._last[key] = _Last(now_ns, batch.counts.read)
        elapsed_ns = now_ns - last.at_ns if last else 0
        rate = (
            (batch.counts.read - last.processed) * 1e9 / elapsed_ns
            if last and elapsed_ns > 0
            else None
        )
        watermark_ns = batch.progress.watermark_ns
        row = {
            "time_ns": now_ns,
            "topic": batch.topic,
            "partition": batch.progress.partition,
            "processed": batch.counts.read,
            "rate": rate,
            "errors": batch.counts.dead_lettered,
            "on_time": batch.counts.on_time,
            "corrections": batch.counts.corrections,
            "filtered": batch.counts.filtered,
            "watermark_ns": None if watermark_ns == NO_TIME else watermark_ns,
        }
        return RecordBatch(FLOW, pl.DataFrame([row], schema=_SCHEMA))
