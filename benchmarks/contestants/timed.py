"""A source that tells when it is read, and how much came."""

from datetime import datetime
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from benchmarks.contestants.task import Tally, now
from tidegauge.batch import EventBatch


class Timed(FixedPartitionedSource[EventBatch, Any]):
    """A source whose first batch with events starts the clock, from before it was read."""

    def __init__(self, source: FixedPartitionedSource[EventBatch, Any], tally: Tally) -> None:
        self._source = source
        self._tally = tally

    def list_parts(self) -> list[str]:
        """Those of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "_Part":
        """That of the source, timed."""
        return _Part(self._source.build_part(step_id, for_part, resume_state), self._tally)


class _Part(StatefulSourcePartition[EventBatch, Any]):
    def __init__(self, partition: StatefulSourcePartition[EventBatch, Any], tally: Tally) -> None:
        self._partition = partition
        self._tally = tally

    def next_batch(self) -> list[EventBatch]:
        before = now()
        self._tally.goes_on(before[0])
        batches = list(self._partition.next_batch())
        for batch in batches:
            if batch.counts.read:
                self._tally.start(before)
            self._tally.reads(batch)
        return batches

    def next_awake(self) -> datetime | None:
        return self._partition.next_awake()

    def snapshot(self) -> Any:
        return self._partition.snapshot()

    def close(self) -> None:
        self._partition.close()
