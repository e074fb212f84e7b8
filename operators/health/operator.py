"""Dead letters and counts of the partitions, out of a stream of event batches."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from operators.health.partitions import Observed, PartitionHealth
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


class _Health(StatefulBatchLogic[Observed, RecordBatch, None]):
    """Counts of one partition: once a period, and what is left when it falls silent or ends."""

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._health = PartitionHealth(PERIOD_NS)
        self._clock_ns = clock_ns

    def on_batch(self, values: list[Observed]) -> tuple[Iterable[RecordBatch], bool]:
        newest = replace(values[-1], odd_levels=sum(one.odd_levels for one in values))
        return self._health.observe(newest, self._clock_ns()), StatefulBatchLogic.RETAIN

    def on_notify(self) -> tuple[Iterable[RecordBatch], bool]:
        return self._health.tell(self._clock_ns()), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[RecordBatch], bool]:
        return self._health.flush(self._clock_ns()), StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        due_ns = self._health.due_ns or self._health.alive_ns
        return None if due_ns is None else datetime.fromtimestamp(due_ns / 1e9, UTC)

    def snapshot(self) -> None:
        return None


@operator
def partition_health(
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: Stream[EventBatch],
    clock_ns: Callable[[], int] = time.time_ns,
) -> KeyedStream[RecordBatch]:
    """Counts of every partition, once a second and at its end, keyed by partition."""

    def observed(batches: list[EventBatch]) -> Iterable[tuple[str, Observed]]:
        for batch in batches:
            about = batch.progress, batch.counts, batch.odd_levels, batch.quarantined
            yield _key(batch), Observed(batch.topic, *about)

    counted = op.flat_map_batch("counted", up, observed)
    return op.stateful_batch("observe", counted, lambda _: _Health(clock_ns))
