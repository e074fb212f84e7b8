"""Event batches out of any stream of rows, and processed events out of event batches."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from operators.intake.rows import MakeIntake, Row, RowIntake
from tidegauge.batch import TIME, EventBatch, PartitionState
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.savedstate import saved_type


@saved_type
class SavedIntake(NamedTuple):
    """State of the intake of one partition: its number, how many rows it took, and its own."""

    number: int
    offset: int
    intake: Any


class _Rows(NamedTuple):
    """Rows of the partition with this number."""

    number: int
    rows: list[Row]


class _ByPartition:
    """Gathers rows by partition; the first time, every partition hears of it."""

    def __init__(self, partitions: Sequence[str]) -> None:
        self._numbers = {partition: number for number, partition in enumerate(partitions)}
        self._announced = False

    def __call__(self, items: list[tuple[str, Row]]) -> Iterable[tuple[str, _Rows]]:
        gathered: dict[str, list[Row]] = {}
        if not self._announced:
            gathered = {partition: [] for partition in self._numbers}
            self._announced = True
        for key, row in items:
            if key not in self._numbers:
                allowed = ", ".join(self._numbers)
                raise UserMistake(
                    f"rows of partition {key!r}: the stream was declared with {allowed}"
                )
            gathered.setdefault(key, []).append(row)
        return [(key, _Rows(self._numbers[key], rows)) for key, rows in gathered.items()]


class _PartitionLogic(StatefulBatchLogic[_Rows, EventBatch, SavedIntake]):
    """Intake of one partition."""

    def __init__(
        self,
        saved: SavedIntake | None,
        *,
        make_intake: MakeIntake,
        idle_after: timedelta | None,
        bounded: bool,
        clock_ns: Callable[[], int],
    ) -> None:
        self._make_intake = make_intake
        self._bounded = bounded
        self._idle_after = idle_after
        self._clock_ns = clock_ns
        self._number = 0
        self._intake: RowIntake | None = None
        self._idle_at: datetime | None = None
        if saved is not None:
            self._begin(saved)

    def on_batch(self, values: list[_Rows]) -> tuple[Iterable[EventBatch], bool]:
        intake = self._intake or self._begin(SavedIntake(values[0].number, 0, None))
        self._expect()
        rows = [row for value in values for row in value.rows]
        return [intake.take(rows, self._clock_ns() // 1_000_000)], self.RETAIN

    def on_notify(self) -> tuple[Iterable[EventBatch], bool]:
        if self._intake is None or self._idle_at is None or self._now() < self._idle_at:
            return [], self.RETAIN
        self._idle_at = None
        return [self._intake.quiet(PartitionState.IDLE)], self.RETAIN

    def on_eof(self) -> tuple[Iterable[EventBatch], bool]:
        if self._intake is None or not self._bounded:
            return [], self.RETAIN
        return [self._intake.quiet(PartitionState.FINISHED)], self.RETAIN

    def notify_at(self) -> datetime | None:
        return self._idle_at

    def snapshot(self) -> SavedIntake:
        offset, state = self._intake.state if self._intake else (0, None)
        return SavedIntake(self._number, offset, state)

    def _begin(self, saved: SavedIntake) -> RowIntake:
        self._number = saved.number
        self._intake = RowIntake(self._make_intake(saved.number, saved.intake), saved.offset)
        self._expect()
        return self._intake

    def _expect(self) -> None:
        if self._idle_after is not None:
            self._idle_at = self._now() + self._idle_after

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock_ns() / 1e9, UTC)


@operator
def event_batches(
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: KeyedStream[Row],
    make_intake: MakeIntake,
    partitions: Sequence[str],
    *,
    idle_after: timedelta | None = None,
    bounded: bool = False,
    clock_ns: Callable[[], int] = time.time_ns,
) -> Stream[EventBatch]:
    """Event batches of a stream of rows, for `windows` and the rest, without a pipeline file.

    Rows are keyed by where their order comes from: a partition, a file, a device. Each partition
    has a watermark of its own, so that one that runs ahead makes no event of another late.

    Args:
        step_id: unique name of the step.
        up: rows, keyed by partition.
        make_intake: makes the intake of a partition from its number in `partitions` and its saved
            state.
        partitions: all keys that will come; the watermark waits until each has sent a row or is
            idle.
        idle_after: silence after which a partition no longer holds the watermark back; None for
            never.
        bounded: the end of the input is the end of the data: every window closes there, and no
            later run may go on. Otherwise it may be a stop between two runs, and closes nothing.
        clock_ns: wall clock, for `max_future`, idleness and the time of dead letters.

    Raises:
        UserMistake: while running, for a key that is none of `partitions`.
    """
    gathered = op.flat_map_batch("gather", up, _ByPartition(partitions))
    build = partial(
        _PartitionLogic,
        make_intake=make_intake,
        idle_after=idle_after,
        bounded=bounded,
        clock_ns=clock_ns,
    )
    batches = op.stateful_batch("take", gathered, build)
    return op.map("unkey", batches, lambda item: item[1])


@operator
def processed_events(step_id: str, up: Stream[EventBatch]) -> KeyedStream[RecordBatch]:  # noqa: ARG001 - names the scope of the step inside
    """Every processed event with its origin, keyed by partition."""

    def records(batches: list[EventBatch]) -> Iterable[tuple[str, RecordBatch]]:
        for batch in batches:
            progress = batch.progress
            for frame in (batch.on_time, batch.corrections):
                if frame.height:
                    origin = [
                        pl.col(TIME).alias(TIME_NS),
                        pl.lit(batch.topic).alias("_topic"),
                        pl.lit(progress.partition, pl.Int64).alias("_partition"),
                    ]
                    key = f"{batch.topic}-{progress.partition}"
                    yield key, RecordBatch(f"events.{progress.source}", frame.with_columns(origin))

    return op.flat_map_batch("records", up, records)
