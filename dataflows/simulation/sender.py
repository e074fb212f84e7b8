"""Readings on their way into Kafka."""

from collections import Counter

from confluent_kafka import KafkaError, Message, Producer

from connectors.kafka.client import Faults, client_config, preflight
from connectors.kafka.topics import ensure_topics, require_topic
from dataflows.simulation.floor import MACHINES
from dataflows.simulation.message import encode
from dataflows.simulation.stream import Reading
from tidegauge.errors import Stop, UserMistake
from tidegauge.settings import Settings

TOPIC = "machine-readings"
_FLUSH_S = 10.0


class Sender:
    """Readings into the topic, each machine's into a partition of its own choice.

    Args:
        settings: where the broker is.

    Attributes:
        sent: number of messages by what befell them.

    Raises:
        UserMistake: no broker answers.
    """

    def __init__(self, settings: Settings) -> None:
        admin = preflight(settings)
        ensure_topics(admin, [TOPIC], settings.start_timeout_s)
        self.partitions = require_topic(admin, TOPIC, settings.start_timeout_s)
        if self.partitions > len(MACHINES):
            raise UserMistake(
                f"Kafka topic {TOPIC!r} has {self.partitions} partitions: at most {len(MACHINES)} "
                "are allowed, one for each machine, for an empty one would hold the windows back"
            )
        self._faults = Faults()
        self._producer = Producer({**client_config(settings, self._faults), "linger.ms": 5})
        self._lost: KafkaError | None = None
        self.sent: Counter[str] = Counter()

    def send(self, reading: Reading, origin_ns: int) -> None:
        """Hand a reading to the client.

        Raises:
            Stop: the client's queue is full of readings that the broker does not take.
        """
        value, name = encode(reading, origin_ns), MACHINES[reading.machine]
        partition = reading.machine % self.partitions
        try:
            self._producer.produce(
                TOPIC, value, name, partition=partition, on_delivery=self._delivered
            )
        except BufferError:
            raise Stop(
                f"kafka: the broker takes no readings: {self._faults.reason('no answer')}"
            ) from None
        self.sent[reading.mishap] += 1

    def poll(self) -> None:
        """Take note of what was delivered.

        Raises:
            Stop: something was not.
        """
        self._producer.poll(0)
        if self._lost is not None:
            raise Stop(f"kafka: a reading was not delivered: {self._lost.str()}")

    def flush(self) -> None:
        """Wait until everything is delivered.

        Raises:
            Stop: it was not, within ten seconds.
        """
        if self._producer.flush(_FLUSH_S):
            raise Stop(f"kafka: readings were not delivered: {self._faults.reason('no answer')}")
        self.poll()

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        self._lost = self._lost or error
