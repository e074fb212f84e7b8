"""What was committed to the output topics, read back."""

from collections.abc import Iterable, Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connectors.kafka.client import short
from connectors.kafka.once.position import Offsets
from tidegauge.errors import Retry

IDENTITY = "id"
"""Header of a message: 16 bytes, the same for the same record in every run."""
PART = "part"
"""Header of a message: the part of the output that wrote it."""
_WAIT_S = 0.1
_BATCH = 10_000


class Written:
    """Reads output topics up to what is committed when it is asked.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        timeout_s: how long the broker may take to answer.
    """

    def __init__(self, client: Mapping[str, Any], timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._config = {
            **client,
            "group.id": "tidegauge-output",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            # What retention has deleted cannot come twice to anybody who reads from now on.
            "auto.offset.reset": "earliest",
            # The end of a partition is told as late as this.
            "fetch.wait.max.ms": 20,
        }

    def ends(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """The offset after the last message of every partition.

        Raises:
            Retry: the broker did not tell in time.
        """
        consumer = Consumer(self._config)
        try:
            return {
                (topic, number): consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=self._timeout_s
                )[1]
                for topic in sorted(topics)
                for number in consumer.list_topics(topic, timeout=self._timeout_s)
                .topics[topic]
                .partitions
            }
        except KafkaException as error:
            raise self._slow(error.args[0]) from None
        finally:
            consumer.close()

    def identities(self, part: str, since: Offsets) -> frozenset[bytes]:
        """Identities of the part's messages from these offsets on.

        Raises:
            Retry: the broker did not give them in time.
        """
        found = (_headers(message) for message in self.messages(since))
        return frozenset(
            headers[IDENTITY] for headers in found if headers.get(PART) == part.encode()
        )

    def messages(self, since: Offsets) -> Iterable[Message]:
        """Committed messages of every partition from its offset on, to its end.

        Raises:
            Retry: the broker did not give them in time.
        """
        waiting = {TopicPartition(*where, offset) for where, offset in since.items()}
        if not waiting:
            return
        left = {(one.topic, one.partition) for one in waiting}
        consumer = Consumer(self._config)
        try:
            consumer.assign(list(waiting))
            silent_s = 0.0
            while left:
                got = consumer.consume(_BATCH, _WAIT_S)
                silent_s = 0.0 if got else silent_s + _WAIT_S
                if silent_s >= self._timeout_s:
                    raise Retry(f"Kafka did not give what was written within {self._timeout_s:g} s")
                for message in got:
                    error = message.error()
                    if error is None:
                        yield message
                    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name
                        left.discard((message.topic(), message.partition()))
                    else:
                        raise self._slow(error)
        finally:
            consumer.close()

    def _slow(self, error: KafkaError) -> Retry:
        return Retry(f"Kafka did not tell what was written: {short(error)}")


def _headers(message: Message) -> dict[str, Any]:
    return dict(message.headers() or [])
