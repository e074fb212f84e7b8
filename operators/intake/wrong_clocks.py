"""Tells of event times that cannot be right, and whose events made others late."""

from bisect import bisect_left
from typing import NamedTuple

import polars as pl

from operators.intake.clocks import RUN, Mover
from operators.intake.dead_letters import Refused, shown_key
from operators.intake.decode import position_of
from operators.intake.lateness import Times
from operators.intake.limit import Excess, LetterCount, Span, too_many
from operators.intake.plan import IntakePlan
from operators.intake.units import doubt
from tidegauge.batch import OFFSET, TIME, RawBatch
from tidegauge.durations import format_duration_ns
from tidegauge.errors import UserMistake

_MS = 1_000_000


class Standing(NamedTuple):
    """Where a partition stood before a batch.

    Attributes:
        high_ns: its highest event time.
        mover: the event that had it; None where that is not known.
        bound_ns: the out-of-orderness, by which its watermark is behind that.
    """

    high_ns: int
    mover: Mover | None
    bound_ns: int


class WrongClocks:
    """Names the events of one partition whose times are odd.

    Args:
        plan: what is done with its messages.
        partition: its number.
    """

    def __init__(self, plan: IntakePlan, partition: int) -> None:
        self._plan = plan
        self._partition = partition

    def tell_ahead(self, raw: RawBatch, times: Times, offsets: pl.Series, row: int) -> None:
        """Tell once of an event that does not move the watermark, for it is far ahead."""
        event = self._mover(raw, int(offsets[row]), int(times[row]))
        self._plan.notices.once(
            f"ahead {self._partition}",
            f"kafka: {self._plan.topic}-{self._partition}: the event at {event}: more than"
            " out_of_orderness and lateness together, so it counts and does not move the watermark;"
            " see to the clock of what wrote it (told once)",
        )

    def tell_clock(self, raw: RawBatch, offset: int, ahead_ns: int) -> None:
        """Tell once of an event that does not move the watermark, by the reader's clock."""
        by = format_duration_ns(ahead_ns // _MS * _MS)
        event = self._mover(raw, offset, 0)
        self._plan.notices.once(
            f"clock {self._partition}",
            f"kafka: {self._plan.topic}-{self._partition}: the event at {event} is {by} ahead of"
            " the reader's clock, and so is its Kafka timestamp: it counts and does not move the"
            " watermark; see to the clocks, and let the broker set timestamps"
            " (message.timestamp.type=LogAppendTime) where senders are not trusted (told once)",
        )

    def tell_believed(self, offset: int) -> None:
        """Tell once that so many were ahead in a row that event time goes by the events again."""
        self._plan.notices.once(
            f"believed {self._partition}",
            f"kafka: {self._plan.topic}-{self._partition}: from offset {offset} on event time goes"
            f" by the events again: the {RUN:,} messages before were all further ahead of their"
            " Kafka timestamps than out_of_orderness and lateness together, which is no clock of"
            " one device; what is right and comes after them may be late (told once)",
        )

    def tell_unit(self, raw: RawBatch, frame: pl.DataFrame, lowest_ns: int) -> None:
        """Tell once where event times so early seem to be of another unit."""
        spec, source = self._plan.event_time, f"sources.{self._plan.source}"
        offset = int(frame[OFFSET][frame[TIME].arg_min() or 0])
        stamp_ms = raw.appended_ms[bisect_left(raw.offsets, offset)]
        if line := doubt(source, spec.field, spec.format, lowest_ns, stamp_ms):
            self._plan.notices.once("unit", line)

    def moved_by(self, raw: RawBatch, moving: Times, frame: pl.DataFrame) -> Mover:
        """The event of a batch that moves the watermark furthest."""
        row = int(moving.argmax())
        return self._mover(raw, int(frame[OFFSET][row]), int(moving[row]))

    def limit(
        self,
        letters: LetterCount,
        read: int,
        raw: RawBatch,
        refused: list[Refused],
        moved: tuple[Times, pl.Series],
        before: Standing,
    ) -> list[Span]:
        """See that there are not too many dead letters.

        Args:
            letters: counts them.
            read: messages that were read before the batch.
            raw: the batch.
            refused: dead letters of it.
            moved: times to which its events move the watermark, and their offsets.
            before: where the partition stood.

        Returns:
            the messages in quarantine, where the limit says that there is one.

        Raises:
            UserMistake: there are; it names the event for which the last one was late.
        """
        by_offset = {one.offset: one for one in refused if letters.counts(one)}
        positions = position_of(raw, pl.Series(sorted(by_offset), dtype=pl.Int64)).tolist()
        where = f"{self._plan.topic}-{self._partition}"

        def refusal(excess: Excess) -> UserMistake:
            newest = by_offset[raw.offsets[excess.position]]
            culprit = self._culprit(newest, raw, moved, before)
            return too_many(where, letters.limit, excess, newest, culprit)

        if not letters.limit.quarantines:
            excess = letters.count(read, positions)
            if excess is not None:
                raise refusal(excess)
            return []
        spans = letters.spans(read, positions, len(raw.offsets))
        for span in spans:
            if span.excess is not None:
                self._plan.notices.tell(str(refusal(span.excess)))
            if span.ended:
                self._plan.notices.tell(
                    f"kafka: {where}: the quarantine is over before offset"
                    f" {raw.offsets[span.stop]}: no more than half of the dead letters that are"
                    " allowed are left among the last messages"
                )
        return spans

    def _culprit(
        self, letter: Refused, raw: RawBatch, moved: tuple[Times, pl.Series], before: Standing
    ) -> Mover | None:
        """The event that a late one is late for; None where that is none of this partition."""
        if letter.awaited_ns is None:
            return None
        own_ns = letter.awaited_ns + before.bound_ns
        if own_ns == before.high_ns:
            return before.mover
        times, offsets = moved
        times = times[: int(offsets.search_sorted(letter.offset))]
        if not times.size or int(times.max()) != own_ns:
            return None
        return self._mover(raw, int(offsets[int(times.argmax())]), own_ns)

    def _mover(self, raw: RawBatch, offset: int, time_ns: int) -> Mover:
        position = bisect_left(raw.offsets, offset)
        stamp_ms = raw.appended_ms[position]
        ahead_ns = time_ns - stamp_ms * _MS if stamp_ms >= 0 else 0
        key = raw.keys[position] if raw.keys else None
        return Mover(offset, shown_key(key, self._plan.sensitive)[0], max(ahead_ns, 0))
