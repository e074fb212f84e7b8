"""The ledger of every partition, out of a stream of event batches."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from operators.intake.intake import LATE
from operators.ledger.ledger import PartitionLedger, ledger_records
from tidegauge.batch import EventBatch, Tally
from tidegauge.records import RecordBatch
from tidegauge.savedstate import saved_type

PERIOD_NS = 1_000_000_000
"""How often the record of a range that fills is rewritten."""


class _Noted(NamedTuple):
    """What a batch tells of its partition."""

    topic: str
    partition: int
    tallies: tuple[Tally, ...]
    lost: int = 0


@saved_type
class SavedLedger(NamedTuple):
    """State of the ledger of one partition of a topic."""

    topic: str
    partition: int
    ledger: dict[str, Any]


class _LedgerLogic(StatefulBatchLogic[_Noted, RecordBatch, SavedLedger]):
    """One partition: its ranges as they are complete, and the open one once a period."""

    def __init__(self, source: str, clock_ns: Callable[[], int], saved: SavedLedger | None) -> None:
        self._source = source
        self._clock_ns = clock_ns
        self._ledger = PartitionLedger(saved.ledger if saved else None)
        self._place = (saved.topic, saved.partition) if saved else ("", 0)
        self._due_ns = clock_ns()

    def on_batch(self, values: list[_Noted]) -> tuple[Iterable[RecordBatch], bool]:
        self._place = values[0].topic, values[0].partition
        added = [self._ledger.add(tally) for value in values for tally in value.tallies]
        for value in values:
            self._ledger.lose(value.lost)
        complete = [one for one in added if one is not None]
        if self._clock_ns() >= self._due_ns:
            complete += self._flushed()
        return ledger_records(self._source, *self._place, complete), self.RETAIN

    def on_notify(self) -> tuple[Iterable[RecordBatch], bool]:
        if self._clock_ns() < self._due_ns:
            return [], self.RETAIN
        return ledger_records(self._source, *self._place, self._flushed()), self.RETAIN

    def on_eof(self) -> tuple[Iterable[RecordBatch], bool]:
        return ledger_records(self._source, *self._place, self._flushed()), self.RETAIN

    def notify_at(self) -> datetime | None:
        return datetime.fromtimestamp(self._due_ns / 1e9, UTC) if self._ledger.dirty else None

    def snapshot(self) -> SavedLedger:
        return SavedLedger(*self._place, self._ledger.snapshot())

    def _flushed(self) -> list[Tally]:
        self._due_ns = self._clock_ns() + PERIOD_NS
        told = self._ledger.flush()
        return [] if told is None else [told]


def _lost(source: str, items: list[tuple[str, RecordBatch]]) -> Iterator[tuple[str, _Noted]]:
    """Events of a source that an operator did not take, from its letters."""
    for _, batch in items:
        for letter in batch.frame.filter(pl.col("kind") == LATE).iter_rows(named=True):
            about = json.loads(letter["detail"])
            if about["source"] == source:
                topic, partition = letter["topic"], letter["partition"]
                yield f"{topic}-{partition}", _Noted(topic, partition, (), about["events"])


@operator
def ledger(
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: Stream[EventBatch],
    clock_ns: Callable[[], int] = time.time_ns,
    source: str = "",
    refused: KeyedStream[RecordBatch] | None = None,
) -> KeyedStream[RecordBatch]:
    """What became of every message, a record for each range of offsets, keyed by partition.

    Args:
        step_id: unique name of the step.
        up: event batches.
        clock_ns: wall clock, for how often the record of a range that fills is rewritten.
        source: name of their source.
        refused: letters of operators that take the events in; those of kind `late` are about some
            that they did not take.

    Returns:
        record batches of the ledger signal.
    """

    def noted(batches: list[EventBatch]) -> Iterable[tuple[str, _Noted]]:
        for batch in batches:
            if batch.tallies:
                partition = batch.progress.partition
                key = f"{batch.topic}-{partition}"
                yield key, _Noted(batch.topic, partition, batch.tallies)

    counted = op.flat_map_batch("noted", up, noted)
    if refused is not None:
        lost = op.flat_map_batch("lost", refused, partial(_lost, source))
        counted = op.merge("with_lost", counted, lost)
    return op.stateful_batch("add", counted, lambda saved: _LedgerLogic(source, clock_ns, saved))
