"""A sink that keeps records in a list."""

from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition

from tidegauge.records import RecordBatch


class MemorySink(DynamicSink[tuple[str, RecordBatch]]):
    """Appends every record batch to `records`; for flows that run in this process."""

    def __init__(self) -> None:
        self.records: list[RecordBatch] = []

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_Partition":
        """A part that appends to the one list."""
        return _Partition(self.records)


class _Partition(StatelessSinkPartition[Any]):
    def __init__(self, records: list[RecordBatch]) -> None:
        self._records = records

    def write_batch(self, items: list[tuple[str, RecordBatch]]) -> None:
        self._records.extend(records for _, records in items)
