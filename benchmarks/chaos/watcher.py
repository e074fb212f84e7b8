"""When committed messages became visible in the output topics."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock, Thread

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition

from connectors.kafka.consumer import LastingConsumer
from tests.services.kafka import Kafka
from tests.services.names import unique

_WAIT_S = 0.02


class Watcher:
    """Reads the topics all the time.

    Args:
        kafka: the broker.
        topics: topics to read, which are there; that of the window results first.
    """

    def __init__(self, kafka: Kafka, topics: Sequence[str]) -> None:
        self._consumer = LastingConsumer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "group.id": unique("watcher"),
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
            }
        )
        self._consumer.assign(
            [
                TopicPartition(topic, number, OFFSET_BEGINNING)
                for topic in topics
                for number in kafka.end_offsets(topic)
            ]
        )
        self._windows = topics[0]
        self._lock = Lock()
        self._seen = 0
        self._at_s = 0.0
        self._closed_ns = 0
        self._ended = Event()

    @contextmanager
    def running(self) -> Iterator["Watcher"]:
        """Watch inside the `with`."""
        thread = Thread(target=self._run, name="watcher", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    @property
    def seen(self) -> int:
        """How many messages were seen."""
        with self._lock:
            return self._seen

    @property
    def at_s(self) -> float:
        """When the last one was seen, monotonic seconds."""
        with self._lock:
            return self._at_s

    @property
    def closed_ns(self) -> int:
        """The latest end of a window whose result was seen."""
        with self._lock:
            return self._closed_ns

    def settle(self, seconds: float) -> None:
        """Wait until nothing has come for so long."""
        while time.monotonic() - self.at_s < seconds:
            time.sleep(_WAIT_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            messages = self._consumer.consume(10_000, _WAIT_S)
            good = [message for message in messages if message.error() is None]
            if good:
                closed_ns = max(map(self._end_ns, good))
                with self._lock:
                    self._seen += len(good)
                    self._at_s = time.monotonic()
                    self._closed_ns = max(self._closed_ns, closed_ns)
        self._consumer.close()

    def _end_ns(self, message: Message) -> int:
        """End of the window that a message is the result of; 0 if it is of none."""
        if message.topic() != self._windows:
            return 0
        record = json.loads(message.value() or b"{}")
        return int(record["time_ns"]) if record.get("kind") == "window" else 0
