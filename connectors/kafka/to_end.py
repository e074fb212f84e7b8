"""Topics read from given offsets to their ends, and on if wanted.

The one reader of all that is kept in Kafka and read back: the journal, tables, what an exactly-once
output has written, dead letters.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from connectors.kafka.client import Faults, short
from connectors.kafka.consumer import LastingConsumer
from connectors.kafka.standstill import Place
from connectors.kafka.unreadable import VERDICTS, BatchEnd, Suspicion

__all__ = ["MOST", "Place", "TopicReader", "UnreadError", "UnreadableError"]

_CONFIG: Mapping[str, Any] = {
    "group.id": "tidegauge-reader",  # the client wants one; no position is ever committed
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # What retention or compaction has removed is not missed.
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": 16_384,
    "fetch.error.backoff.ms": 50,
    # The end of a partition is told as late as this.
    "fetch.wait.max.ms": 20,
}
MOST = 10_000
"""Messages taken from the client at once."""
_WAIT_S = 0.1
_NOT_YET = frozenset(
    {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - the library's public name, as below
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001
    }
)


class UnreadError(Exception):
    """Something was not read; the message is the reason in a few words."""


class UnreadableError(UnreadError):
    """A batch of messages cannot be read, and trying again does not help."""


class TopicReader:
    """Reads partitions; of transactions only what was committed.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`; what it says of the
            consumer goes before this reader's own.
        timeout_s: how long the broker may take to answer, and be silent before an end.
        skips: whether batches that cannot be read are passed over (`skipped`); if not, they end
            the reading.

    Attributes:
        at_end: partitions whose end has been seen since `begin`.
        skipped: a line for each batch that was passed over.
    """

    def __init__(self, client: Mapping[str, Any], timeout_s: float, *, skips: bool = True) -> None:
        self._client = client
        self._skips = skips
        self._suspicions: dict[Place, Suspicion] = {}
        self.skipped: list[str] = []
        self._timeout_s = timeout_s
        told = client.get("error_cb")
        self._faults = told if isinstance(told, Faults) else Faults()
        self._consumer = LastingConsumer({**_CONFIG, "error_cb": self._faults, **client})
        self._wanted: frozenset[Place] = frozenset()
        self.at_end: set[Place] = set()

    def partitions(self, topic: str) -> list[Place]:
        """All partitions of a topic.

        Raises:
            UnreadError: the broker does not tell, or has no such topic.
        """
        try:
            found = self._consumer.list_topics(topic, timeout=self._timeout_s).topics[topic]
        except KafkaException as error:
            raise UnreadError(short(error.args[0])) from None
        if found.error is not None:
            raise UnreadError(short(found.error))
        return [(topic, number) for number in sorted(found.partitions)]

    def range(self, place: Place) -> tuple[int, int]:
        """First offset that is there, and the one after the last.

        Raises:
            UnreadError: the broker does not tell them in time.
        """
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return self._consumer.get_watermark_offsets(
                    TopicPartition(*place), timeout=self._timeout_s
                )
            except KafkaException as error:
                # A topic that was made just now is not known to every broker at once.
                if time.monotonic() < deadline and error.args[0].code() in _NOT_YET:
                    time.sleep(_WAIT_S)
                    continue
                raise UnreadError(short(error.args[0])) from None

    def begin(self, offsets: Mapping[Place, int]) -> None:
        """Read these partitions, each from its offset on."""
        self._wanted = frozenset(offsets)
        self.at_end = set()
        self._suspicions = {place: Suspicion() for place in offsets}
        self._consumer.assign([TopicPartition(*place, at) for place, at in offsets.items()])

    def take(self, wait_s: float = 0, most: int = MOST) -> list[Message]:
        """Messages that have arrived.

        Args:
            wait_s: how long to gather more than has arrived.
            most: how many at most.

        Raises:
            UnreadError: the broker refuses to give them.
            UnreadableError: a batch cannot be read, and is not to be passed over.
        """
        try:
            messages = self._consumer.consume(most, wait_s)
        except KafkaException as error:
            raise UnreadError(short(error.args[0])) from None
        good = []
        for message in messages:
            fault = message.error()
            if fault is None:
                good.append(message)
            elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name, as below
                self.at_end.add((message.topic() or "", message.partition() or 0))
            elif fault.code() in VERDICTS:
                self._cannot_read(message, short(fault))
            elif fault.fatal() or fault.code() > 0 or fault.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
                # The client's other own codes (below 0) it retries itself.
                raise UnreadError(short(fault))
        if not messages:
            self._stands_still()
        return good

    def to_end(self) -> Iterator[Message]:
        """Messages until each partition has been at its end.

        Raises:
            UnreadError: the broker refuses to give them, or nothing comes for `timeout_s`.
        """
        deadline = time.monotonic() + self._timeout_s
        while not self.at_end.issuperset(self._wanted):
            ended, skipped = len(self.at_end), len(self.skipped)
            messages = self.take(_WAIT_S)
            yield from messages
            if messages or len(self.at_end) > ended or len(self.skipped) > skipped:
                deadline = time.monotonic() + self._timeout_s
            elif time.monotonic() > deadline:
                raise UnreadError(self.reason("nothing came"))

    def _cannot_read(self, message: Message, reason: str) -> None:
        place, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
        if place in self._suspicions and self._suspicions[place].confirmed(message):
            self._pass(place, offset, offset, reason)

    def _stands_still(self) -> None:
        for place in self._wanted:
            if (standstill := self._consumer.standstill(place)) is not None:
                reason = self.reason("the client does not say why")
                self._pass(place, standstill.offset, None, reason)
                return

    def _pass(self, place: Place, offset: int, first: int | None, reason: str) -> None:
        """Read on behind a batch.

        Args:
            place: its partition.
            offset: an offset within it.
            first: offset of its first message; None where the client does not tell it.
            reason: why it cannot be read.
        """
        line = f"{place[0]}-{place[1]}: the batch of messages at offset {offset} cannot be read"
        line += f" ({reason})"
        if not self._skips:
            raise UnreadableError(line)
        _, end = self.range(place)
        trying = LastingConsumer({**_CONFIG, **self._client})
        found = BatchEnd(trying, place, offset, end, first)
        deadline = time.monotonic() + self._timeout_s
        try:
            while (behind := found.step(_WAIT_S)) is None:
                if found.lost or (first is not None and time.monotonic() > deadline):
                    raise UnreadableError(f"{line}, and it is not known where it ends")
        finally:
            trying.close()
        self._suspicions[place] = Suspicion()
        self.skipped.append(f"{line}: offsets {offset} to {behind - 1} are passed over")
        self._consumer.seek(TopicPartition(*place, behind))

    def reason(self, otherwise: str) -> str:
        """What the client last reported, or `otherwise`."""
        return self._faults.reason(otherwise)

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()
