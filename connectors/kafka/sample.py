"""A sample of a topic: the oldest and the newest messages of each of its partitions."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connectors.kafka.client import Faults, client_config, preflight, short
from connectors.kafka.topics import require_topic
from connectors.kafka.unreadable import VERDICTS
from tidegauge.batch import RawBatch
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings


@dataclass(frozen=True, slots=True)
class TopicSample:
    """Messages of a topic.

    Attributes:
        partitions: those of each partition that has some, in offset order.
        available: how many offsets the topic's partitions hold.
        partition_count: how many partitions the topic has.
        complete: whether all that was asked for came in time.
        unreadable: of a partition an offset at which the client can read nothing, and why.
    """

    partitions: Mapping[int, RawBatch]
    available: int
    partition_count: int
    complete: bool
    unreadable: Mapping[int, tuple[int, str]] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """How many messages are in it."""
        return sum(len(raw.payloads) for raw in self.partitions.values())


@dataclass(frozen=True, slots=True)
class Piece:
    """Up to `most` messages of a partition, from offset `start` to before `stop`."""

    partition: int
    start: int
    stop: int
    most: int


def read_sample(
    settings: Settings,
    topic: str,
    wanted: int,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> TopicSample:
    """Read at most `wanted` messages within `settings.start_timeout_s`.

    They are shared out among the partitions, half of each share from its beginning and half from
    its end.

    Args:
        settings: where the broker is.
        topic: topic to read; it is never made.
        wanted: most messages to read.
        monotonic_s: clock for the time limit, in seconds.

    Raises:
        UserMistake: the broker does not answer, or the topic does not exist, cannot be read or is
            empty.
    """
    count = require_topic(preflight(settings), topic, settings.start_timeout_s)
    faults = Faults()
    consumer = Consumer({**client_config(settings, faults), **_CONFIG})
    reader = _Reader(consumer, topic, monotonic_s() + settings.start_timeout_s, monotonic_s)
    try:
        ends = {number: reader.ends(number) for number in range(count)}
        complete = all(map(reader.read, plan_pieces(ends, wanted)))
    except KafkaException as error:
        raise UserMistake(
            f"Kafka topic {topic!r} cannot be read ({short(error.args[0])}); "
            "see whether the broker is well and this client may read the topic"
        ) from None
    finally:
        consumer.close()
    if not reader.gathered and reader.unreadable:
        raise UserMistake(f"Kafka topic {unreadable_lines(topic, reader.unreadable)[0]}")
    if not reader.gathered:
        raise UserMistake(_nothing(settings, topic, faults, complete=complete))
    batches = {number: gathered.batch() for number, gathered in sorted(reader.gathered.items())}
    available = sum(high - low for low, high in ends.values())
    return TopicSample(batches, available, count, complete, reader.unreadable)


def unreadable_lines(topic: str, unreadable: Mapping[int, tuple[int, str]]) -> list[str]:
    """A line for each partition of a sample that holds what the client cannot read."""
    return [
        f"{topic}-{number}: the batch of messages at offset {offset} cannot be read ({reason}): to"
        " the flow it is a dead letter of kind unreadable, or it stops there"
        " (dead_letters.on_unreadable)"
        for number, (offset, reason) in sorted(unreadable.items())
    ]


def _nothing(settings: Settings, topic: str, faults: Faults, *, complete: bool) -> str:
    if complete:
        return f"Kafka topic {topic!r} has no messages; write some to it first"
    return (
        f"Kafka topic {topic!r}: no message came within {settings.start_timeout_s:g} s "
        f"({faults.reason('the broker is slow')}); try again, or raise TIDEGAUGE_START_TIMEOUT"
    )


def plan_pieces(
    ends: Mapping[int, tuple[int, int]], wanted: int
) -> tuple[list[Piece], list[Piece]]:
    """Where to read: pieces at the beginning of partitions, then those at their ends.

    Small partitions are read whole, and what they leave goes to the others.

    Args:
        ends: by partition its first offset and the one after its last.
        wanted: most messages of all pieces together.
    """
    oldest, newest = [], []
    by_size = sorted(ends, key=lambda number: ends[number][1] - ends[number][0])
    for done, number in enumerate(by_size):
        low, high = ends[number]
        share = min(high - low, wanted // (len(by_size) - done))
        wanted -= share
        first = share // 2 if share < high - low else 0
        if first:
            oldest.append(Piece(number, low, high - (share - first), first))
        if share:
            newest.append(Piece(number, high - (share - first), high, share - first))
    return oldest, newest


_SHORTEST_S = 0.1
_CONFIG = {
    "group.id": "tidegauge-init",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # What retention deletes meanwhile is no loss to a sample.
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": 16_384,
}


@dataclass(slots=True)
class _Gathered:
    payloads: list[bytes | None] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    appended_ms: list[int] = field(default_factory=list)

    def batch(self) -> RawBatch:
        return RawBatch(self.payloads, self.offsets, self.appended_ms)


class _Reader:
    """Reads pieces of a topic until a deadline."""

    def __init__(
        self, consumer: Consumer, topic: str, deadline_s: float, monotonic_s: Callable[[], float]
    ) -> None:
        self._consumer = consumer
        self._topic = topic
        self._deadline_s = deadline_s
        self._monotonic_s = monotonic_s
        self.gathered: dict[int, _Gathered] = {}
        self.unreadable: dict[int, tuple[int, str]] = {}

    def ends(self, number: int) -> tuple[int, int]:
        """First offset of a partition, and the one after its last."""
        here = TopicPartition(self._topic, number)
        left_s = max(self._left_s(), _SHORTEST_S)
        low, high = self._consumer.get_watermark_offsets(here, timeout=left_s)
        return low, high

    def read(self, pieces: Iterable[Piece]) -> bool:
        """Whether all of some pieces, each of another partition, came in time."""
        open_ = {piece.partition: piece for piece in pieces}
        starts = [TopicPartition(self._topic, number, it.start) for number, it in open_.items()]
        self._consumer.assign(starts)
        while open_ and (left_s := self._left_s()) > 0:
            message = self._consumer.poll(left_s)
            number = message.partition() if message is not None else None
            if message is None or number is None or number not in open_:
                continue
            open_[number] = rest = self._take(message, open_[number])
            if not rest.most:
                self._consumer.incremental_unassign([TopicPartition(self._topic, number)])
                del open_[number]
        return not open_

    def _take(self, message: Message, piece: Piece) -> Piece:
        """Keep a message if it is of the piece; what is left of the piece then."""
        error, offset = message.error(), message.offset()
        if error is not None:
            if error.fatal() or error.code() > 0:
                raise KafkaException(error)
            if error.code() in VERDICTS:
                self.unreadable[piece.partition] = offset or 0, short(error)
                return replace(piece, most=0)
            # The client retries its other faults itself.
            at_end = error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
            return replace(piece, most=0) if at_end else piece
        if offset is None or offset >= piece.stop:
            return replace(piece, most=0)
        gathered = self.gathered.setdefault(piece.partition, _Gathered())
        gathered.payloads.append(message.value())
        gathered.offsets.append(offset)
        gathered.appended_ms.append(message.timestamp()[1])
        return replace(piece, most=piece.most - 1 if offset + 1 < piece.stop else 0)

    def _left_s(self) -> float:
        return self._deadline_s - self._monotonic_s()
