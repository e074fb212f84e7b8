"""Kafka as a source of event batches: one consumer a partition, positions in the snapshot."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.errors import Stop
from tidegauge.intake import Intake

_SHORTEST_WAIT = timedelta(milliseconds=1)
_LONGEST_WAIT = timedelta(milliseconds=16)
_PIECE = 2_000
CONSUMER_CONFIG: Mapping[str, Any] = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # A position that retention has deleted must be seen, not skipped.
    "auto.offset.reset": "error",
    "queued.min.messages": 100_000,
    "queued.max.messages.kbytes": 65_536,
    "fetch.max.bytes": 52_428_800,
    "max.partition.fetch.bytes": 8_388_608,
}


@dataclass(frozen=True, slots=True)
class Position:
    """Saved state of a partition: the next offset to read and the state of its intake."""

    offset: int
    intake: Any
    version: int = 1


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
    """

    client: Mapping[str, Any]
    topic: str
    partitions: int
    start: str
    idle_after_ns: int
    batch_size: int
    bounded: bool
    timeout_s: float


class KafkaSource(FixedPartitionedSource[EventBatch, Position]):
    """Event batches of all partitions of a topic.

    Args:
        reading: how it is read.
        make_intake: makes the intake of a partition from its number and saved state.
        draining: asked before each read; once true, every partition ends after its last batch.
        monotonic_ns: clock for the idle timeout.
    """

    def __init__(
        self,
        reading: Reading,
        make_intake: Callable[[int, Any], Intake],
        draining: Callable[[], bool] = lambda: False,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._reading = reading
        self._make_intake = make_intake
        self._draining = draining
        self._monotonic_ns = monotonic_ns

    def list_parts(self) -> list[str]:
        return [f"{self._reading.topic}-{number}" for number in range(self._reading.partitions)]

    def build_part(self, step_id: str, for_part: str, resume_state: Position | None) -> "KafkaPartition":
        number = int(for_part.rpartition("-")[2])
        intake = self._make_intake(number, resume_state.intake if resume_state else None)
        offset = resume_state.offset if resume_state else None
        return KafkaPartition(self._reading, number, offset, intake, self._draining, self._monotonic_ns)


class KafkaPartition(StatefulSourcePartition[EventBatch, Position]):
    """One partition: reads what is there without waiting, and tells when it goes quiet."""

    def __init__(
        self,
        reading: Reading,
        number: int,
        offset: int | None,
        intake: Intake,
        draining: Callable[[], bool],
        monotonic_ns: Callable[[], int],
    ) -> None:
        self._reading = reading
        self._intake = intake
        self._draining = draining
        self._monotonic_ns = monotonic_ns
        self._consumer = Consumer({**CONSUMER_CONFIG, **reading.client})
        self._here = TopicPartition(reading.topic, number)
        low, self._end = self._consumer.get_watermark_offsets(self._here, timeout=reading.timeout_s)
        self._offset = offset if offset is not None else low if reading.start == "earliest" else self._end
        self._consumer.assign([TopicPartition(reading.topic, number, self._offset)])
        self._at_end = False
        self._quiet_since_ns = monotonic_ns()
        self._state = PartitionState.ACTIVE
        self._wait = timedelta(0)

    def next_batch(self) -> list[EventBatch]:
        if self._draining() or self._state is PartitionState.FINISHED:
            raise StopIteration
        raw = self._read()
        if raw is not None:
            self._wait = timedelta(0)
            self._state = PartitionState.ACTIVE
            self._quiet_since_ns = self._monotonic_ns()
            return [self._intake.take(raw)]
        self._wait = min(max(self._wait * 2, _SHORTEST_WAIT), _LONGEST_WAIT)
        return self._quiet()

    def next_awake(self) -> datetime | None:
        return datetime.now(UTC) + self._wait if self._wait else None

    def snapshot(self) -> Position:
        if not self._reading.bounded:
            # For tools that show a group's lag only; a start reads the position saved here.
            here = TopicPartition(self._here.topic, self._here.partition, self._offset)
            self._consumer.commit(offsets=[here], asynchronous=True)
        return Position(self._offset, self._intake.state)

    def close(self) -> None:
        self._consumer.close()

    def _read(self) -> RawBatch | None:
        """Up to a batch of messages, taken from the client in pieces that stay in the processor's cache."""
        raw = _Gathered([], [], [])
        while (left := self._reading.batch_size - len(raw.payloads)) > 0:
            wanted = min(left, _PIECE)
            messages: list[Message] = self._consumer.consume(wanted, 0)
            got = len(messages)
            self._at_end = self._at_end and not got
            if any(map(Message.error, messages)):
                messages = self._without_errors(messages)
            if self._reading.bounded and messages and messages[-1].offset() >= self._end:  # type: ignore[operator]  # no error, so it has an offset
                messages = [message for message in messages if message.offset() < self._end]  # type: ignore[operator]  # as above
            raw.add(messages)
            if got < wanted:
                break
        if not raw.payloads:
            return None
        self._offset = raw.offsets[-1] + 1
        return raw.batch()

    def _without_errors(self, messages: Sequence[Message]) -> list[Message]:
        good = []
        for message in messages:
            error = message.error()
            self._at_end = error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - the client's public name for it
            if error is None:
                good.append(message)
            elif not self._at_end:
                self._refuse(error)
        return good

    def _refuse(self, error: KafkaError) -> None:
        """Stop on what the broker refuses for good; the client's own codes (below 0) it retries itself."""
        where = f"{self._here.topic}-{self._here.partition}"
        if error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - as above
            raise Stop(f"kafka: {where}: the saved position {self._offset} no longer exists: {error.str()}")
        if error.fatal() or error.code() > 0:
            raise Stop(f"kafka: {where}: {error.str()}")

    def _quiet(self) -> list[EventBatch]:
        if self._reading.bounded and (self._at_end or self._offset >= self._end):
            self._state = PartitionState.FINISHED
            return [self._intake.quiet(PartitionState.FINISHED)]
        silent_ns = self._monotonic_ns() - self._quiet_since_ns
        if self._at_end and self._state is PartitionState.ACTIVE and silent_ns >= self._reading.idle_after_ns:
            self._state = PartitionState.IDLE
            return [self._intake.quiet(PartitionState.IDLE)]
        return []


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What is kept of messages; the client's own objects are four times as large and soon gone."""

    payloads: list[bytes | None]
    offsets: list[int]
    appended_ms: list[int]

    def add(self, messages: Sequence[Message]) -> None:
        self.payloads.extend(map(Message.value, messages))  # type: ignore[arg-type]  # bytes: no deserializer is set
        self.offsets.extend(map(Message.offset, messages))  # type: ignore[arg-type]  # no errors, so they have offsets
        self.appended_ms.extend([moment[1] for moment in map(Message.timestamp, messages)])

    def batch(self) -> RawBatch:
        return RawBatch(self.payloads, self.offsets, self.appended_ms)


__all__ = ["KafkaException", "KafkaSource", "Position", "Reading"]
