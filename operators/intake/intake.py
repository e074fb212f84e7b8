"""One partition's way from messages to an event batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from operators.intake.clocks import UNMOVED_NS, Clocks, ClockState, Moves
from operators.intake.dead_letters import (
    Refused,
    dead_letter_frame,
    refuse,
)
from operators.intake.decode import decode, position_of, stamps_of, without_future
from operators.intake.lateness import Judged, Times, awaited_after, judge
from operators.intake.levels import told, wrong_levels
from operators.intake.limit import LetterCount, LettersSeen
from operators.intake.plan import IntakePlan
from operators.intake.process import Process, process_rows
from operators.intake.quarantine import Held, Quarantine
from operators.intake.read_clock import ReadClock, Stamps
from operators.intake.sizes import within
from operators.intake.units import EARLY_NS
from operators.intake.wrong_clocks import Standing, WrongClocks
from operators.ledger.tally import tallies
from operators.progress.board import Board, ProgressBoard
from tidegauge.batch import (
    APPENDED,
    NO_TIME,
    OFFSET,
    RANGE,
    TIME,
    Counts,
    EventBatch,
    PartitionState,
    Progress,
    RawBatch,
    Tally,
)
from tidegauge.durations import format_duration_ns
from tidegauge.savedstate import saved_type
from tidegauge.sizes import texts_in

__all__ = ["Intake", "IntakePlan", "IntakeState"]

LATE = "late"
"""Kind of dead letters that came past the allowed lateness."""
_MS = 1_000_000
Changes = Sequence[tuple[int, int]]
"""Rows of a batch from which another out-of-orderness holds, and that, nanoseconds."""


@saved_type
@dataclass(frozen=True, slots=True)
class IntakeState:
    """What must outlive a restart: the partition's highest event time, its floor, its counts.

    `out_of_orderness_ns` is what its last events were judged by; None in version 1, or before any.
    `held` are messages refused in quarantine; None in versions 1 and 2, or where there are none.
    """

    high_ns: int = NO_TIME
    floor_ns: int = NO_TIME
    counts: Counts = field(default_factory=Counts)
    version: int = 3
    letters: LettersSeen | None = None
    clocks: ClockState | None = field(default=None, compare=False)
    out_of_orderness_ns: int | None = None
    held: Held | None = None


class Intake:
    """Takes the messages of one partition in offset order.

    Args:
        plan: what to do.
        partition: number of the partition.
        partitions: how many the topic has.
        board: progress of the partitions of this process, and what passes those that are idle.
        state: where an earlier run stopped.
    """

    def __init__(
        self,
        plan: IntakePlan,
        partition: int,
        partitions: int,
        board: Board,
        state: IntakeState,
    ) -> None:
        self._plan = plan
        self._partition = partition
        self._partitions = partitions
        self._board = board
        self._high_ns = state.high_ns
        self._floor_ns = state.floor_ns
        self._counts = state.counts
        # States of earlier versions have no such attributes.
        self._bound_ns: int | None = getattr(state, "out_of_orderness_ns", None)
        self._letters = None
        if plan.letters is not None:
            saved = getattr(state, "letters", None)
            watermark_ns = self._watermark_ns()
            self._letters = LetterCount(plan.letters, state.counts.read, saved, watermark_ns)
        self._quarantine = Quarantine(getattr(state, "held", None))
        self._read_clock = ReadClock(board, plan.source, partition)
        self._clocks = Clocks(getattr(state, "clocks", None))
        self._wrong_clocks = WrongClocks(plan, partition)
        self._state = PartitionState.ACTIVE
        self._appended_ns = 0
        self._next: int | None = None
        self._empty = self._shape(self._enriched(_no_rows(plan)))
        # The board must know of every partition before any of them can wake.
        board.post(self._progress())

    @property
    def state(self) -> IntakeState:
        """State after the last batch."""
        self._raise_floor()
        letters = self._letters.state if self._letters is not None else None
        return IntakeState(
            self._high_ns,
            self._floor_ns,
            self._counts,
            letters=letters,
            clocks=self._clocks.state,
            out_of_orderness_ns=self._bound_ns,
            held=self._quarantine.held,
        )

    @property
    def clock_kept(self) -> bool:
        """Whether the clock of the reader had to be kept in the journal for the last batch."""
        return self._read_clock.needed

    def grow(self, partitions: int) -> None:
        """The source has so many partitions now; what is told next says so."""
        self._partitions = partitions

    def quiet(self, state: PartitionState, offset: int | None = None) -> EventBatch:
        """A batch without events that tells of the partition's new state.

        Args:
            state: the new state.
            offset: the next offset to read, where it is known.
        """
        self._raise_floor()
        self._state = state
        self._next = self._next if offset is None else offset
        # Nothing comes any more that would end what is held.
        ended = self._quarantine.close() if state is PartitionState.FINISHED else []
        return self._batch(self._empty, self._empty, self._letters_of(ended))

    def _letters_of(self, refused: list[Refused]) -> pl.DataFrame:
        return dead_letter_frame(self._plan.topic, self._partition, refused, self._plan.sensitive)

    def take(self, raw: RawBatch) -> EventBatch:
        """Decode, judge and shape a batch of messages.

        Raises:
            UserMistake: too many of the last messages became dead letters.
        """
        self._raise_floor()
        self._state = PartitionState.ACTIVE
        raw = self._dated(raw)
        oldest_ms = min(raw.appended_ms, default=0)
        frame, refused, odd = decode(self._plan, raw, oldest_ms)
        changes = self._changes(frame, raw)
        stamps = self._read_clock.stamps(frame, raw, self._bound + self._plan.event_time.lateness)
        if stamps is not None:
            frame, stamps = self._within_clock(frame, raw, refused, stamps)
            changes = self._changes(frame, raw)
        moves = self._moves(frame, raw, oldest_ms, changes, stamps)
        if moves.believed.size:
            self._wrong_clocks.tell_believed(int(frame[OFFSET][int(moves.believed[0])]))
        judged = self._judged(moves.times, frame, raw, changes)
        frame = self._enriched(frame)
        on_time, corrections, filtered = self._parted(frame, judged, raw, refused)
        if self._plan.process:
            on_time, lost_on_time = _processed(self._plan.process, on_time, raw, refused)
            corrections, lost = _processed(self._plan.process, corrections, raw, refused)
            filtered += lost_on_time + lost
        on_time = self._within_sizes(on_time, raw, refused)
        corrections = self._within_sizes(corrections, raw, refused)
        limited = self._limited(raw, refused, (moves.times, frame[OFFSET]))
        if judged.high_ns > max(self._high_ns, UNMOVED_NS):
            self._clocks.mover = self._wrong_clocks.moved_by(raw, moves.times, frame)
        self._high_ns = judged.high_ns if judged.high_ns > UNMOVED_NS else NO_TIME
        late = sum(one.kind == LATE for one in refused)
        counts = Counts(
            len(raw.payloads), on_time.height, corrections.height, filtered, len(refused), late
        )
        self._counts += counts
        self._appended_ns = raw.appended_ms[-1] * _MS if raw.appended_ms else self._appended_ns
        tally = tallies(raw, counts, frame, (on_time, corrections), refused, LATE)
        levels = self._odd_levels(odd, on_time, corrections)
        letters = self._letters_of(limited)
        return replace(self._batch(on_time, corrections, letters, tally), odd_levels=levels)

    def _dated(self, raw: RawBatch) -> RawBatch:
        """The batch; one that cannot be read has a time that is the same in every run."""
        if raw.unreadable is None:
            return raw
        if self._high_ns == NO_TIME:
            # No event came before; the journal knows when its range of offsets was first read.
            begun_ms = raw.begun_ms.get(raw.offsets[0] // RANGE, raw.appended_ms[0])
            return replace(raw, appended_ms=[begun_ms])
        return replace(raw, appended_ms=[max(self._high_ns // _MS, 0)])

    def _limited(
        self, raw: RawBatch, refused: list[Refused], moved: tuple[Times, pl.Series]
    ) -> list[Refused]:
        """The letters about what was refused of a batch.

        Raises:
            UserMistake: too many of the last messages became dead letters.
        """
        letters, held = self._letters, self._quarantine.held is not None
        if letters is None or not (refused or held or letters.quarantined):
            return refused
        before = Standing(self._high_ns, self._clocks.mover, self._bound)
        spans = self._wrong_clocks.limit(letters, self._counts.read, raw, refused, moved, before)
        return self._quarantine.take(raw, refused, spans) if spans or held else refused

    def _odd_levels(self, read: list[int], *made: pl.DataFrame) -> int:
        """How many events have a level that is none, as it was read or made; told once."""
        odd = {*read, *(offset for frame in made for offset in wrong_levels(frame))}
        if odd:
            where = f"kafka: {self._plan.topic}-{self._partition}"
            self._plan.notices.once(f"level {self._partition}", told(where, min(odd)))
        return len(odd)

    def _changes(self, frame: pl.DataFrame, raw: RawBatch) -> Changes:
        """Rows from which another out-of-orderness holds, and that."""
        if not len(raw.offsets):
            return ()
        place = self._plan.source, self._partition
        steps = self._board.tolerances(*place, raw.offsets[0], raw.offsets[-1])
        self._tolerate(steps[0][1] if steps else self._plan.event_time.out_of_orderness)
        begins = np.searchsorted(frame[OFFSET].to_numpy(), [offset for offset, _ in steps[1:]])
        return [(int(begin), step[1]) for begin, step in zip(begins, steps[1:], strict=True)]

    def _within_clock(
        self, frame: pl.DataFrame, raw: RawBatch, refused: list[Refused], stamps: Stamps
    ) -> tuple[pl.DataFrame, Stamps]:
        """Rows without those that are too far ahead of the reader's clock, and their timestamps."""
        of = "its Kafka timestamp and the reader's clock"
        future = without_future(self._plan, frame, raw, refused, stamps.ms, of)
        if future is None:
            return frame, stamps
        return frame.filter(pl.Series(~future)), stamps.of(~future)

    def _moves(
        self,
        frame: pl.DataFrame,
        raw: RawBatch,
        oldest_ms: int,
        changes: Changes,
        stamps: Stamps | None,
    ) -> Moves:
        """How far each event moves the watermark; what is odd about event times is told."""
        times = frame[TIME].to_numpy()
        bounds_ns: int | Times = self._bound
        if changes:
            bounds_ns = np.full(times.size, self._bound)
            for row, bound_ns in changes:
                bounds_ns[row:] = bound_ns
        allowed_ns = bounds_ns + self._plan.event_time.lateness
        least_ns = int(np.min(allowed_ns, initial=self._bound + self._plan.event_time.lateness))
        if stamps is not None:
            moves = self._clocks.moves(times, stamps.ms, allowed_ns, stamps.bounded)
        elif not times.size or self._clocks.surely_none(int(times.max()), oldest_ms, least_ns):
            moves = self._clocks.all_in_full(times)
        else:
            moves = self._clocks.moves(times, stamps_of(raw, frame), allowed_ns)
        for row in moves.held[:1].tolist():
            if stamps is not None and stamps.bounded[row]:
                ahead_ns = int(times[row] - stamps.ms[row] * _MS)
                self._wrong_clocks.tell_clock(raw, int(frame[OFFSET][row]), ahead_ns)
            else:
                self._wrong_clocks.tell_ahead(raw, times, frame[OFFSET], row)
        if times.size and (lowest := int(times.min())) < EARLY_NS:
            self._wrong_clocks.tell_unit(raw, frame, lowest)
        return moves

    def _raise_floor(self) -> None:
        """An idle partition does not hold the watermark back: its next events are judged by it."""
        if self._state is PartitionState.IDLE:
            passed_ns = self._board.passed_ns(self._plan.source, self._partition)
            self._floor_ns = max(self._floor_ns, passed_ns)

    def _judged(
        self, moving: Times, frame: pl.DataFrame, raw: RawBatch, changes: Changes
    ) -> Judged:
        """Verdicts by the floors and the out-of-orderness that hold at each event."""
        judged = judge(
            frame[TIME].to_numpy(),
            high_ns=self._high_ns,
            floor_ns=self._floors(frame, raw),
            out_of_orderness_ns=self._bound,
            lateness_ns=self._plan.event_time.lateness,
            moving=moving,
            changes=changes,
        )
        for position, bound_ns in changes:
            before = moving[:position].max(initial=self._high_ns)
            self._tolerate(bound_ns, int(before))
        return judged

    def _tolerate(self, bound_ns: int, high_ns: int | None = None) -> None:
        """From here on there is another out-of-orderness: what has passed by the old one stays."""
        if self._bound_ns is not None and bound_ns != self._bound_ns:
            reached_ns = self._high_ns if high_ns is None else high_ns
            self._floor_ns = max(self._floor_ns, awaited_after(reached_ns, self._bound_ns))
        self._bound_ns = bound_ns

    def _floors(self, frame: pl.DataFrame, raw: RawBatch) -> int | Times:
        """Floor of each event, or one for all where none begins to hold within the batch."""
        before = self._floor_ns
        if not len(raw.offsets):
            return before
        self._next = raw.offsets[-1] + 1
        steps = self._board.floors(self._plan.source, self._partition, raw.offsets[-1])
        if not steps or steps[-1][1] <= before:
            return before
        offsets, floors = np.array(steps, np.int64).T
        self._floor_ns = max(before, int(floors[-1]))
        begun = np.searchsorted(offsets, frame[OFFSET].to_numpy(), side="right")
        return np.concatenate(([before], np.maximum(floors, before)))[begun]

    @property
    def _bound(self) -> int:
        """The out-of-orderness that holds now."""
        usual_ns = self._plan.event_time.out_of_orderness
        return usual_ns if self._bound_ns is None else self._bound_ns

    def _watermark_ns(self) -> int:
        return max(awaited_after(self._high_ns, self._bound), self._floor_ns)

    def _progress(self) -> Progress:
        return Progress(
            self._plan.source,
            self._partition,
            self._partitions,
            self._watermark_ns(),
            self._state,
            self._appended_ns,
            self._next if self._board.journaled else None,
        )

    def _batch(
        self,
        on_time: pl.DataFrame,
        corrections: pl.DataFrame,
        dead: pl.DataFrame,
        told: tuple[Tally, ...] = (),
    ) -> EventBatch:
        progress = self._progress()
        self._board.post(progress)
        batch = (self._plan.topic, on_time, corrections, dead, progress, self._counts, told)
        quarantined = self._letters is not None and self._letters.quarantined
        return EventBatch(*batch, quarantined=quarantined)

    def _enriched(self, frame: pl.DataFrame) -> pl.DataFrame:
        for lookup in self._plan.enrich:
            frame = lookup.add_to(frame)
        # Tables are looked into by what the messages hold; nothing after this sees it.
        return frame if self._plan.sensitive is None else self._plan.sensitive.hashed(frame)

    def _parted(
        self, frame: pl.DataFrame, judged: Judged, raw: RawBatch, refused: list[Refused]
    ) -> tuple[pl.DataFrame, pl.DataFrame, int]:
        """On-time events and corrections, shaped, and how many the filter left out."""
        condition = self._plan.filter
        wanted = np.ones(frame.height, np.bool_)
        if condition is not None:
            kept = frame.with_columns(condition.polars.fill_null(value=False).alias("_wanted"))
            wanted = kept["_wanted"].to_numpy()
        if wanted.all() and judged.on_time.all():
            return self._shape(frame), self._empty, 0
        dead = wanted & ~judged.on_time & ~judged.correction
        if dead.any():
            self._refuse_late(frame.filter(pl.Series(dead)), judged.awaited_ns[dead], raw, refused)
        on_time = self._shape(frame.filter(pl.Series(wanted & judged.on_time)))
        corrections = self._shape(frame.filter(pl.Series(wanted & judged.correction)))
        return on_time, corrections, int(frame.height - wanted.sum())

    def _refuse_late(
        self, dead: pl.DataFrame, awaited: Times, raw: RawBatch, refused: list[Refused]
    ) -> None:
        allowed = format_duration_ns(self._plan.event_time.lateness)
        for position, time_ns, awaited_ns in zip(
            position_of(raw, dead[OFFSET]), dead[TIME], awaited, strict=True
        ):
            by = format_duration_ns((int(awaited_ns) - time_ns) // _MS * _MS)
            reason = (
                f"{by} later than the watermark of its partition, allowed lateness is {allowed}"
            )
            detail = f'{{"event_time_ns": {time_ns}, "watermark_ns": {int(awaited_ns)}}}'
            letter = refuse(raw, int(position), LATE, reason, detail)
            refused.append(replace(letter, awaited_ns=int(awaited_ns)))

    def _within_sizes(
        self, frame: pl.DataFrame, raw: RawBatch, refused: list[Refused]
    ) -> pl.DataFrame:
        """Rows in which no text is too large that was made since the messages were read."""
        made = [name for name in texts_in(frame) if name in self._plan.made]
        return within(self._plan.sizes, frame, made, raw, refused) if made else frame

    def _shape(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Derived columns added, the raw event time dropped where it is not declared."""
        plan = self._plan
        for name, scalar in plan.derive.items():
            frame = frame.with_columns(scalar.polars.cast(scalar.type.dtype).alias(name))
        if not plan.drop_event_time:
            return frame
        # `DataFrame.drop` starts a query.
        dropped = plan.event_time.field
        return pl.DataFrame([column for column in frame.get_columns() if column.name != dropped])


def partition_intake(
    plan: IntakePlan, partitions: int, board: Board | None = None
) -> Callable[[int, Any], Intake]:
    """What makes the intake of each partition of a stream, from its number and saved state.

    Args:
        plan: what to do with its messages.
        partitions: how many there are.
        board: where they post their progress; None for one of their own.
    """
    posted = ProgressBoard() if board is None else board

    def make_intake(number: int, saved: IntakeState | None) -> Intake:
        return Intake(plan, number, partitions, posted, saved or IntakeState())

    return make_intake


def _no_rows(plan: IntakePlan) -> pl.DataFrame:
    names = [TIME, OFFSET, *([APPENDED] if plan.keep_appended else [])]
    nothing = [pl.Series(name, [], pl.Int64) for name in names]
    return plan.decoder.decode([]).frame.with_columns(nothing)


def _processed(
    process: Process, frame: pl.DataFrame, raw: RawBatch, refused: list[Refused]
) -> tuple[pl.DataFrame, int]:
    """What `process` made of the frame, and how many rows it left out."""
    made, bad = process_rows(process, frame)
    positions = position_of(raw, pl.Series([offset for offset, _ in bad], dtype=pl.Int64))
    refused.extend(
        refuse(raw, int(position), "process", reason)
        for position, (_, reason) in zip(positions, bad, strict=True)
    )
    return made, frame.height - made.height - len(bad)
