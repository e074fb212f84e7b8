"""Dead letters and counts of the partitions, out of a stream of event batches."""

import time
from collections.abc import Callable, Iterable

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from operators.health.partitions import PartitionHealth
from tidegauge.batch import EventBatch
from tidegauge.catalogue import DEAD_LETTERS
from tidegauge.records import RecordBatch

PERIOD_NS = 1_000_000_000


def _key(batch: EventBatch) -> str:
    return f"{batch.topic}-{batch.progress.partition}"


@operator
def dead_letters(
    step_id: str,  # noqa: ARG001 - the decorator reads it
    up: Stream[EventBatch],
) -> KeyedStream[RecordBatch]:
    """Refused records of every batch, keyed by partition."""

    def refused(batches: list[EventBatch]) -> Iterable[tuple[str, RecordBatch]]:
        for batch in batches:
            if batch.dead_letters.height:
                yield _key(batch), RecordBatch(DEAD_LETTERS, batch.dead_letters)

    return op.flat_map_batch("refused", up, refused)


@operator
def partition_health(
    step_id: str,  # noqa: ARG001 - the decorator reads it
    up: Stream[EventBatch],
    clock_ns: Callable[[], int] = time.time_ns,
) -> KeyedStream[RecordBatch]:
    """Counts of every partition, once a second, keyed by partition."""
    health = PartitionHealth(PERIOD_NS)

    def observe(batches: list[EventBatch]) -> Iterable[tuple[str, RecordBatch]]:
        for batch in batches:
            record = health.observe(batch, clock_ns())
            if record is not None:
                yield _key(batch), record

    return op.flat_map_batch("observe", up, observe)
