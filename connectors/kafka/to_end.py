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

Place = tuple[str, int]
"""A topic and the number of one of its partitions."""

_CONFIG: Mapping[str, Any] = {
    "group.id": "tidegauge-reader",  # the client wants one; no position is ever committed
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # What retention or compaction has removed is not missed.
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": 16_384,
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


class TopicReader:
    """Reads partitions; of transactions only what was committed.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`; what it says of the
            consumer goes before this reader's own.
        timeout_s: how long the broker may take to answer, and be silent before an end.

    Attributes:
        at_end: partitions whose end has been seen since `begin`.
    """

    def __init__(self, client: Mapping[str, Any], timeout_s: float) -> None:
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
        self._consumer.assign([TopicPartition(*place, at) for place, at in offsets.items()])

    def take(self, wait_s: float = 0, most: int = MOST) -> list[Message]:
        """Messages that have arrived.

        Args:
            wait_s: how long to gather more than has arrived.
            most: how many at most.

        Raises:
            UnreadError: the broker refuses to give them.
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
            elif fault.fatal() or fault.code() > 0 or fault.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001
                # The client's other own codes (below 0) it retries itself.
                raise UnreadError(short(fault))
        return good

    def to_end(self) -> Iterator[Message]:
        """Messages until each partition has been at its end.

        Raises:
            UnreadError: the broker refuses to give them, or nothing comes for `timeout_s`.
        """
        deadline = time.monotonic() + self._timeout_s
        while not self.at_end.issuperset(self._wanted):
            ended = len(self.at_end)
            messages = self.take(_WAIT_S)
            yield from messages
            if messages or len(self.at_end) > ended:
                deadline = time.monotonic() + self._timeout_s
            elif time.monotonic() > deadline:
                raise UnreadError(self.reason("nothing came"))

    def reason(self, otherwise: str) -> str:
        """What the client last reported, or `otherwise`."""
        return self._faults.reason(otherwise)

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()
