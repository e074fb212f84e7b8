"""One partition's way from messages to an event batch."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from operators.intake.dead_letters import NONE_REFUSED, Refused, dead_letter_frame
from operators.intake.event_time import event_time_ns
from operators.intake.lateness import Judged, judge
from operators.intake.process import Process, process_rows
from operators.progress.board import ProgressBoard
from tidegauge.batch import APPENDED, NO_TIME, OFFSET, TIME, Counts, EventBatch, PartitionState, Progress, RawBatch
from tidegauge.decoding import Decoder
from tidegauge.durations import format_duration_ns
from tidegauge.expressions.compiled import Scalar
from tidegauge.spec.models import EventTime

_MS = 1_000_000


@dataclass(frozen=True)
class IntakePlan:
    """What is done to every message of a source; the same for all its partitions."""

    source: str
    topic: str
    decoder: Decoder
    event_time: EventTime
    drop_event_time: bool
    filter: Scalar | None
    derive: Mapping[str, Scalar]
    process: Process | None
    keep_appended: bool = False


@dataclass(frozen=True, slots=True)
class IntakeState:
    """What must outlive a restart: the partition's highest event time, its floor, its counts."""

    high_ns: int = NO_TIME
    floor_ns: int = NO_TIME
    counts: Counts = Counts()
    version: int = 1


class Intake:
    """Takes the messages of one partition in offset order.

    Args:
        plan: what to do.
        partition: number of the partition.
        partitions: how many the topic has.
        board: progress of the partitions of this process.
        state: where an earlier run stopped.
    """

    def __init__(
        self, plan: IntakePlan, partition: int, partitions: int, board: ProgressBoard, state: IntakeState
    ) -> None:
        self._plan = plan
        self._partition = partition
        self._partitions = partitions
        self._board = board
        self._high_ns = state.high_ns
        self._floor_ns = state.floor_ns
        self._counts = state.counts
        self._state = PartitionState.ACTIVE
        self._appended_ns = 0
        self._empty = self._shape(plan.decoder.decode([]).frame)

    @property
    def state(self) -> IntakeState:
        """State after the last batch."""
        self._raise_floor()
        return IntakeState(self._high_ns, self._floor_ns, self._counts)

    def quiet(self, state: PartitionState) -> EventBatch:
        """A batch without events that tells of the partition's new state."""
        self._state = state
        return self._batch(self._empty, self._empty, NONE_REFUSED)

    def take(self, raw: RawBatch) -> EventBatch:
        """Decode, judge and shape a batch of messages."""
        self._raise_floor()
        self._state = PartitionState.ACTIVE
        refused: list[Refused] = []
        frame = self._decoded(raw, refused)
        frame = self._within_future(frame, raw, refused)
        judged = judge(
            frame[TIME].to_numpy(),
            high_ns=self._high_ns,
            floor_ns=self._floor_ns,
            out_of_orderness_ns=self._plan.event_time.out_of_orderness,
            lateness_ns=self._plan.event_time.lateness,
        )
        on_time, corrections, filtered = self._parted(frame, judged, raw, refused)
        if self._plan.process:
            on_time, lost_on_time = self._processed(self._plan.process, on_time, raw, refused)
            corrections, lost = self._processed(self._plan.process, corrections, raw, refused)
            filtered += lost_on_time + lost
        counts = Counts(len(raw.payloads), on_time.height, corrections.height, filtered, len(refused))
        self._high_ns = judged.high_ns
        self._counts += counts
        self._appended_ns = raw.appended_ms[-1] * _MS if raw.appended_ms else self._appended_ns
        return self._batch(on_time, corrections, dead_letter_frame(self._plan.topic, self._partition, refused))

    def _raise_floor(self) -> None:
        """While the partition is idle the watermark passes without it; its next events are judged by that."""
        if self._state is PartitionState.IDLE:
            self._floor_ns = max(self._floor_ns, self._board.watermark_ns(self._plan.source))

    def _batch(self, on_time: pl.DataFrame, corrections: pl.DataFrame, dead: pl.DataFrame) -> EventBatch:
        own_ns = self._high_ns - self._plan.event_time.out_of_orderness if self._high_ns != NO_TIME else NO_TIME
        watermark_ns = max(own_ns, self._floor_ns)
        progress = Progress(
            self._plan.source, self._partition, self._partitions, watermark_ns, self._state, self._appended_ns
        )
        self._board.post(progress)
        return EventBatch(self._plan.topic, on_time, corrections, dead, progress, self._counts)

    def _decoded(self, raw: RawBatch, refused: list[Refused]) -> pl.DataFrame:
        decoded = self._plan.decoder.decode(raw.payloads)
        for bad in decoded.undecodable:
            refused.append(_refuse(raw, bad.position, bad.kind, bad.reason))
        frame = decoded.frame
        positions = np.arange(len(raw.payloads))
        if decoded.undecodable:
            positions = np.delete(positions, [bad.position for bad in decoded.undecodable])
        spec = self._plan.event_time
        times = event_time_ns(frame[spec.field], spec.format)
        extra = [times.alias(TIME), pl.Series(OFFSET, np.asarray(raw.offsets, np.int64)[positions])]
        if self._plan.keep_appended:
            extra.append(pl.Series(APPENDED, np.asarray(raw.appended_ms, np.int64)[positions]))
        frame = frame.with_columns(extra)
        if times.null_count():
            written = frame[spec.field].cast(pl.String)
            for row in times.is_null().arg_true():
                reason = f"no event time: {spec.field} is {written[row]!r}, allowed is {spec.format}"
                refused.append(_refuse(raw, int(positions[row]), "no_event_time", reason))
            frame = frame.filter(times.is_not_null())
        return frame

    def _within_future(self, frame: pl.DataFrame, raw: RawBatch, refused: list[Refused]) -> pl.DataFrame:
        """Refuse events too far ahead of their Kafka timestamp before they can move the watermark."""
        limit = self._plan.event_time.max_future
        times = frame[TIME]
        if not times.len() or times.max() <= min(raw.appended_ms) * _MS + limit:  # type: ignore[operator]  # not empty
            return frame
        positions = np.searchsorted(np.asarray(raw.offsets, np.int64), frame[OFFSET].to_numpy())
        ahead = times - pl.Series(np.asarray(raw.appended_ms, np.int64)[positions]) * _MS
        future = ahead > limit
        for row in future.arg_true():
            by = format_duration_ns(ahead[row] // _MS * _MS)
            reason = f"event time is {by} ahead of the Kafka timestamp, allowed is {format_duration_ns(limit)}"
            refused.append(_refuse(raw, int(positions[row]), "future", reason))
        return frame.filter(~future)

    def _parted(
        self, frame: pl.DataFrame, judged: Judged, raw: RawBatch, refused: list[Refused]
    ) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """Filter and derive; on-time events and corrections apart, dead ones to the refused."""
        plan = self._plan
        wanted = np.ones(frame.height, np.bool_)
        if plan.filter is not None and frame.height:
            wanted = frame.select(plan.filter.polars.fill_null(value=False)).to_series().to_numpy()
        filtered = int(frame.height - wanted.sum())
        if not filtered and judged.on_time.all():
            return self._shape(frame), self._empty, 0
        dead = wanted & ~judged.on_time & ~judged.correction
        if dead.any():
            for row in np.flatnonzero(dead):
                by = format_duration_ns(int(judged.late_by_ns[row]) // _MS * _MS)
                allowed = format_duration_ns(plan.event_time.lateness)
                reason = f"{by} later than the watermark of its partition, allowed lateness is {allowed}"
                refused.append(_refuse(raw, _position(raw, frame[OFFSET][int(row)]), "late", reason))
        on_time = self._shape(frame.filter(pl.Series(wanted & judged.on_time)))
        corrections = self._shape(frame.filter(pl.Series(wanted & judged.correction)))
        return on_time, corrections, filtered

    def _shape(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Derived columns added, the raw event time dropped where the pipeline file does not declare it."""
        plan = self._plan
        if TIME not in frame.columns:
            appended = [pl.Series(APPENDED, [], pl.Int64)] if plan.keep_appended else []
            frame = frame.with_columns(pl.Series(TIME, [], pl.Int64), pl.Series(OFFSET, [], pl.Int64), *appended)
        for name, scalar in plan.derive.items():
            frame = frame.with_columns(scalar.polars.cast(scalar.type.dtype).alias(name))
        return frame.drop(plan.event_time.field) if plan.drop_event_time else frame

    def _processed(
        self, process: Process, frame: pl.DataFrame, raw: RawBatch, refused: list[Refused]
    ) -> tuple[pl.DataFrame, int]:
        made, bad = process_rows(process, frame)
        refused.extend(_refuse(raw, _position(raw, offset), "process", reason) for offset, reason in bad)
        return made, frame.height - made.height - len(bad)


def _refuse(raw: RawBatch, position: int, kind: str, reason: str) -> Refused:
    return Refused(kind, raw.offsets[position], reason, raw.payloads[position], raw.appended_ms[position])


def _position(raw: RawBatch, offset: int) -> int:
    return bisect_left(raw.offsets, offset)
