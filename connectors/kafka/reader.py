"""One partition of a topic, read from a position to its end and on, without waiting."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple, cast

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from connectors.kafka.client import Faults, short
from connectors.kafka.consumer import LastingConsumer
from connectors.kafka.identity import why_unreadable
from connectors.kafka.letters.headers import attempt_of
from connectors.kafka.standstill import STALLED_AFTER_S, Standstill
from connectors.kafka.unreadable import VERDICTS, BatchEnd, Suspicion
from tidegauge.batch import Attempt, RawBatch, Unreadable
from tidegauge.errors import Retry, Stop

CONSUMER_CONFIG: Mapping[str, Any] = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # A position that retention has deleted must be seen, not skipped.
    "auto.offset.reset": "error",
    # Enough ahead for a few batches; every partition has a consumer with a queue of its own.
    "queued.min.messages": 60_000,
    "fetch.queue.backoff.ms": 10,
    # What cannot be read is tried again some times before it is passed over.
    "fetch.error.backoff.ms": 50,
    "queued.max.messages.kbytes": 65_536,
    "fetch.max.bytes": 52_428_800,
    "max.partition.fetch.bytes": 2_097_152,
}
OnUnreadable = Literal["skip", "stop"]
_SAYS_NOTHING = "the client does not say why"
_LOG = structlog.get_logger("tidegauge")
_PIECE = 500
"""Messages taken from the client at once: so many stay in the processor's cache, and below what
sets off the garbage collector, which would look at every one of them."""
_MOST_BYTES = 33_554_432
"""A batch ends with the piece that brings it there: of large messages it has few."""


@dataclass(frozen=True)
class Reading:
    """How a topic is read.

    Attributes:
        client: configuration of the Kafka client, with `bootstrap.servers` and `group.id`.
        topic: topic to read.
        partitions: how many it has.
        start: `earliest` or `latest`, where there is no saved position.
        idle_after_ns: silence at the end of a partition after which it is idle.
        batch_size: most messages in one batch.
        bounded: stop at the end offset found at the start.
        timeout_s: how long the broker may take to tell a partition's offsets.
        epoch_bytes: how much is read in an epoch, and at most a batch more; None for no limit.
        identity: what tells the topic from others of its name; None where it is not known.
        on_unreadable: what becomes of messages that the client cannot read: they are passed over
            and told of, or reading stops.
        stalled_after_s: so long a partition must stand still before that is told.
    """

    client: Mapping[str, Any] = field(repr=False)
    topic: str
    partitions: int
    start: str
    idle_after_ns: int
    batch_size: int
    bounded: bool
    timeout_s: float
    epoch_bytes: int | None = None
    identity: str | None = None
    on_unreadable: OnUnreadable = "stop"
    stalled_after_s: float = STALLED_AFTER_S


class PartitionReader:
    """Reads one partition in batches.

    Args:
        reading: how its topic is read.
        number: number of the partition.
        offset: the next offset to read, saved by an earlier run; None for `reading.start`.

    Attributes:
        offset: the next offset to read.
        at_end: whether everything that readers are given now has been read.
        reached: the offset at which that was so last; marks of transactions lie before it, too.

    Raises:
        Stop: the saved position no longer exists, or the broker does not tell what does.
    """

    def __init__(self, reading: Reading, number: int, offset: int | None) -> None:
        self._reading = reading
        self._where = f"kafka: {reading.topic}-{number}"
        self._here = TopicPartition(reading.topic, number)
        self._place = reading.topic, number
        config = {**CONSUMER_CONFIG, **reading.client}
        self._consumer = LastingConsumer(config, reading.stalled_after_s)
        self._suspicion = Suspicion()
        self._verdict: _Verdict | None = None
        self._skipped: _Skipped | None = None
        self._last_error = _SAYS_NOTHING
        low, self._end = self._range()
        if offset is None:
            offset = low if reading.start == "earliest" else self._end
        elif not low <= offset <= self._end:
            raise self._lost(offset, f"it begins at {low} and ends before {self._end}")
        self.offset = offset
        self.at_end = False
        self.reached = offset
        self._consumer.assign([TopicPartition(reading.topic, number, offset)])

    @property
    def finished(self) -> bool:
        """Whether a bounded reading has come to the end it was given."""
        return self._reading.bounded and (self.at_end or self.offset >= self._end)

    @property
    def held_back(self) -> bool:
        """Whether more is there than readers are given: a transaction is open that may bring it.

        Then the partition has come to its last stable offset and not to its high watermark; also
        where the broker has not told that yet.
        """
        _, high = self._consumer.get_watermark_offsets(self._here, cached=True)
        return self.at_end and not 0 <= high <= self.reached

    @property
    def left(self) -> int:
        """How many messages are still to be read, as far as the broker has told with the last."""
        end = self._end
        if not self._reading.bounded:
            _, end = self._consumer.get_watermark_offsets(self._here, cached=True)
        return max(end - self.offset, 0)

    def read(self) -> RawBatch | None:
        """The next messages that have arrived, if there are any.

        Raises:
            Stop: the broker refuses to give them, or they cannot be read.
            Retry: the broker answers for long, and gives nothing for reasons of its own.
        """
        if self._skipped is not None:
            return self._skip(self._skipped)
        raw = _Gathered()
        while (left := self._reading.batch_size - len(raw.payloads)) > 0:
            wanted = min(left, _PIECE)
            messages = self._consumer.consume(wanted, 0)
            got = len(messages)
            self.at_end = self.at_end and not got
            if any(map(Message.error, messages)):
                messages = self._without_errors(messages)
            if messages:
                # What a bounded reading is not to see still tells that it is past its end.
                self.offset = _offset(messages[-1]) + 1
                if self._reading.bounded and self.offset > self._end:
                    messages = [one for one in messages if _offset(one) < self._end]
                    self.offset = self._end
            raw.add(messages)
            if got < wanted or raw.nbytes >= _MOST_BYTES or self._verdict is not None:
                break
        if raw.payloads:
            self._last_error = _SAYS_NOTHING
            return raw.batch()
        if self._verdict is not None:
            self._cannot_read(self._verdict)
        elif (standstill := self._consumer.standstill(self._place)) is not None:
            self._stands_still(standstill)
        return None

    def rewind(self) -> None:
        """Read from the first message that is there.

        Raises:
            Stop: the broker does not tell which that is.
        """
        offset, _ = self._range()
        self._go_to(offset)

    def commit(self) -> None:
        """Tell the consumer group the position, for tools that show its lag and nothing else."""
        here = TopicPartition(self._here.topic, self._here.partition, self.offset)
        self._consumer.commit([here])

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _range(self) -> tuple[int, int]:
        """First offset that is there, and the one after the last."""
        timeout_s = self._reading.timeout_s
        try:
            return self._consumer.get_watermark_offsets(self._here, timeout=timeout_s)
        except KafkaException as error:
            raise Stop(
                f"{self._where}: the broker did not tell its offsets within {timeout_s:g} s"
                f" ({short(error.args[0])})"
            ) from None

    def _without_errors(self, messages: Sequence[Message]) -> list[Message]:
        good = []
        for message in messages:
            error = message.error()
            self.at_end = error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - the client's public name for it
            if error is None:
                good.append(message)
            elif self.at_end:
                self.reached = message.offset() or 0
            elif error.code() in VERDICTS:
                if self._suspicion.confirmed(message):
                    # What came before it is passed on first.
                    self._verdict = _Verdict(message.offset(), short(error))
            else:
                self._refuse(error)
        return good

    def _stands_still(self, standstill: Standstill) -> None:
        """Tell of it, and see whether what lies behind can be read."""
        end = standstill.end if standstill.end >= 0 else self._end
        faults = self._reading.client.get("error_cb")
        reason = faults.reason(self._last_error) if isinstance(faults, Faults) else self._last_error
        place = {"topic": self._here.topic, "partition": self._here.partition}
        _LOG.error(
            "a partition stands still: more is there, the broker answers, and nothing can be read",
            **place,
            offset=self.offset,
            end=end,
            reason=reason,
        )
        if self._last_error != _SAYS_NOTHING:
            raise Retry(
                f"{self._where}: nothing comes from offset {self.offset} on, although the log goes"
                f" on to {end} ({self._last_error}); see whether the broker is well, and start"
                " again, nothing is lost"
            )
        self.offset = max(self.offset, standstill.offset)
        self._cannot_read(_Verdict(None, reason))

    def _cannot_read(self, verdict: "_Verdict") -> None:
        """Begin to pass over a batch.

        Raises:
            Stop: it is not to be passed over.
        """
        first, reason = verdict
        # Nothing for readers may lie before it; a reading may also begin within it.
        self.offset = max(self.offset, first or 0)
        if self._reading.bounded and self.offset >= self._end:
            return
        if self._reading.on_unreadable == "stop":
            raise Stop(
                f"{self._where}: the batch of messages at offset {self.offset} cannot be read"
                f" ({reason}); to go on behind it and keep its offsets as a dead letter, set"
                " dead_letters.on_unreadable: skip in the pipeline file"
            )
        _, end = self._range()
        found = BatchEnd(self._consumer, self._place, self.offset, end, first)
        self._skipped = _Skipped(found, reason)

    def _skip(self, skipped: "_Skipped") -> RawBatch | None:
        """What stands for a batch that cannot be read, once it is known where it ends."""
        behind = skipped.end.step()
        if skipped.end.lost:
            raise Stop(
                f"{self._where}: nothing can be read from offset {self.offset} on, and it is not"
                f" told where that ends ({skipped.reason}); begin behind it: start with an empty"
                " recovery directory and kafka.start: latest"
            )
        if behind is None:
            return None
        self._skipped = self._verdict = None
        first = self.offset
        _LOG.error(
            "messages cannot be read: they are a dead letter, and reading goes on behind them",
            topic=self._here.topic,
            partition=self._here.partition,
            offset=first,
            last_offset=behind - 1,
            reason=skipped.reason,
        )
        self._go_to(behind)
        told = Unreadable(behind, skipped.reason)
        return RawBatch([None], [first], [time.time_ns() // 1_000_000], [None], unreadable=told)

    def _go_to(self, offset: int) -> None:
        self.offset = offset
        self.at_end = False
        self.reached = offset
        self._consumer.assign([TopicPartition(self._here.topic, self._here.partition, offset)])

    def _refuse(self, error: KafkaError) -> None:
        """Stop on what is refused for good; the client's own codes (below 0) it retries itself."""
        lost = error.code() == KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001 - as above
        if not (lost or error.fatal() or error.code() > 0):
            self._last_error = short(error)
            return
        reading = self._reading
        if (gone := why_unreadable(reading.client, reading.topic, reading.identity)) is not None:
            raise gone
        raise (
            self._lost(self.offset, short(error))
            if lost
            else Stop(f"{self._where}: {short(error)}")
        )

    def _lost(self, offset: int, reason: str) -> Stop:
        return Stop(
            f"{self._where}: position {offset}, where reading should go on, no longer exists"
            f" ({reason}); to go on without what is lost, start with an empty recovery directory"
        )


class _Verdict(NamedTuple):
    """A batch that cannot be read: offset of its first message, and why."""

    first: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Skipped:
    """A batch that is passed over: what finds its end, and why it cannot be read."""

    end: BatchEnd
    reason: str


class _Gathered:
    """What is kept of messages; the client's own objects are four times as large and soon gone."""

    def __init__(self) -> None:
        self.payloads: list[bytes | None] = []
        self._offsets: list[Sequence[int]] = []
        self._appended_ms: list[int] = []
        self._keys: list[bytes | None] = []
        self.nbytes = 0
        self._largest = 0
        self._again: dict[int, Attempt] = {}

    def add(self, messages: list[Message]) -> None:
        """Keep what is needed of messages, and empty the list."""
        if not messages:
            return
        before = len(self.payloads)
        values, keys = list(map(Message.value, messages)), list(map(Message.key, messages))
        size = _size(values)
        self.nbytes += size + _size(keys)
        # No message is larger than a piece; which one is, matters of few pieces only.
        self._largest = max(self._largest, size)
        self.payloads.extend(values)
        self._keys.extend(keys)
        # Offsets ascend, so without gaps the first and the last tell all.
        offsets: Sequence[int] = range(_offset(messages[0]), _offset(messages[-1]) + 1)
        if len(offsets) != len(messages):
            offsets = [_offset(message) for message in messages]
        self._offsets.append(offsets)
        self._appended_ms.extend([moment[1] for moment in map(Message.timestamp, messages)])
        self._note_attempts(messages, before)

    def _note_attempts(self, messages: list[Message], before: int) -> None:
        """Look into the headers of messages one by one, and let go of each.

        A message holds its headers once they were looked at, and they may be as many as fit it: of
        a whole piece they would be many times what the messages are.
        """
        if not any(map(Message.headers, messages)):
            return
        while messages:
            pairs = messages.pop().headers()
            if pairs and (attempt := attempt_of(pairs)):
                self._again[before + len(messages)] = attempt

    def batch(self) -> RawBatch:
        first, last = self._offsets[0][0], self._offsets[-1][-1]
        offsets: Sequence[int] = range(first, last + 1)
        if len(offsets) != len(self.payloads):
            offsets = list(chain.from_iterable(self._offsets))
        about = self._appended_ms, self._keys, self._again, self.nbytes, self._largest
        return RawBatch(self.payloads, offsets, *about)


def _size(values: list[bytes | None]) -> int:
    """Bytes of a piece. To join them is the fastest way to count; they fit the client's queue."""
    try:
        return len(b"".join(cast("list[bytes]", values)))
    except TypeError:  # some are None
        return sum(map(len, filter(None, values)))


def _offset(message: Message) -> int:
    return message.offset()  # type: ignore[return-value]  # messages without errors have one
