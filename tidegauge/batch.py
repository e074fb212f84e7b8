"""What flows through the engine: batches of events in columns, with the partition's progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from tidegauge.savedstate import saved_type

TIME = "_time_ns"
"""Column of an event batch: event time in nanoseconds since the epoch (Int64, never null)."""
OFFSET = "_offset"
"""Column of an event batch: the record's offset in its partition (Int64)."""
RANGE = 100_000
"""Offsets in a range of the ledger; the first range begins at offset 0."""
APPENDED = "_appended_ms"
"""Column of an event batch, when asked for: the record's Kafka timestamp, milliseconds (Int64)."""
RESERVED_PREFIX = "_"
"""Field names of a pipeline file must not begin with this."""

NO_TIME = -(2**63) + 1
"""A watermark before any event."""
END_OF_TIME = 2**63 - 1
"""A watermark after every event."""
_LATEST_MS = END_OF_TIME // 1_000_000 - 1


class Attempt(NamedTuple):
    """How often a message has come, refused and sent again, and where it first came.

    `number` is 1 for a message as it first came, and 2 for the first time that it was sent again;
    `origin` is `topic-partition@offset`.
    """

    number: int
    origin: str


class Unreadable(NamedTuple):
    """Messages that the client cannot read: up to before `next_offset`, and why."""

    next_offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Messages of one partition as they came, in offset order; the three are of equal length.

    A payload of None is a tombstone. `appended_ms` are the records' Kafka timestamps. `keys` are
    theirs, or empty where keys are not known; `again` tells of those that were sent again, by
    position. `nbytes` is the size of payloads and keys together, and no payload is larger than
    `largest`; None where nobody has looked. Where `unreadable` says so, the only entry stands for
    all messages from its offset on that could not be read; nothing is known of them. `begun_ms` is
    when ranges of offsets were first read, by their numbers, as far as somebody knows. `read_ms` is
    the clock by which the messages were read; None where it is not to be looked at, as in a replay.
    """

    payloads: list[bytes | None]
    offsets: Sequence[int]
    appended_ms: list[int]
    keys: Sequence[bytes | None] = ()
    again: Mapping[int, Attempt] = field(default_factory=dict)
    nbytes: int | None = None
    largest: int | None = None
    unreadable: Unreadable | None = None
    begun_ms: Mapping[int, int] = field(default_factory=dict)
    read_ms: int | None = None


@saved_type
class PartitionState(StrEnum):
    """Whether a partition still holds the watermark back.

    One that is waiting is new: it holds back everything until it is known what passed before it.
    """

    WAITING = "waiting"
    ACTIVE = "active"
    IDLE = "idle"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one partition of a source has come.

    `watermark_ns` is the partition's highest event time minus the out-of-orderness: every later
    on-time record of the partition has an event time of at least this. `partitions` is how many
    the source has, so that nobody advances before all of them have been heard of. `appended_ns` is
    the Kafka timestamp of the newest record read, for measuring latency only. `offset` is the next
    one to read where idleness is told by floors in a journal (`tidegauge.journal`); None where the
    state alone tells it.
    """

    source: str
    partition: int
    partitions: int
    watermark_ns: int
    state: PartitionState
    appended_ns: int
    offset: int | None = None


@saved_type
@dataclass(frozen=True, slots=True)
class Counts:
    """What became of every record read from one partition since the flow's first start.

    `read` equals the sum of the next four: on time, corrections, filtered and dead-lettered. Among
    the last, `late` came past the allowed lateness.
    """

    read: int = 0
    on_time: int = 0
    corrections: int = 0
    filtered: int = 0
    dead_lettered: int = 0
    late: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.read + other.read,
            self.on_time + other.on_time,
            self.corrections + other.corrections,
            self.filtered + other.filtered,
            self.dead_lettered + other.dead_lettered,
            self.late + other.late,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the messages of a batch that lie in one range of offsets.

    `number` is the range's; ranges are of equal length, the first begins at offset 0.
    `first_offset` is that of the first of these messages, `next_offset` the one after the last,
    `begun_ms` when the range was first read, in any run. `counts` are of these messages alone.
    """

    number: int
    first_offset: int
    next_offset: int
    begun_ms: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Decoded events of one partition, in offset order.

    `on_time` and `corrections` are frames with the declared and derived fields, `TIME` and
    `OFFSET`; `dead_letters` has the columns of the dead-letter signal. Each may have no rows.
    `counts` are running totals up to and with this batch, `tallies` are of this batch alone. An
    empty batch still carries progress. `odd_levels` is how many of its messages have an
    `alert_level` that is none. `quarantined` says whether the partition is in quarantine for too
    many dead letters.
    """

    topic: str
    on_time: pl.DataFrame
    corrections: pl.DataFrame
    dead_letters: pl.DataFrame
    progress: Progress
    counts: Counts
    tallies: tuple[Tally, ...] = ()
    odd_levels: int = 0
    quarantined: bool = False


def stamp_ns(appended_ms: int) -> int:
    """A Kafka timestamp in nanoseconds; the nearest that there is, for a producer may set any."""
    return min(max(appended_ms, 0), _LATEST_MS) * 1_000_000
