"""A note in the journal that a cluster of processes is to end, so that one signal reaches all.

{"v":1,"kind":"drain","cluster":…}

Whoever reads the journal for what decides results passes it over.
"""

from collections.abc import Callable
from threading import Thread
from typing import Any

import orjson
from confluent_kafka import KafkaException, Message, Producer, TopicPartition

from connectors.kafka.client import Faults, client_config, short
from connectors.kafka.consumer import LastingConsumer
from connectors.kafka.journal import PARTITION
from tidegauge.errors import Stop
from tidegauge.settings import Settings

VERSION = 1
_KIND = "drain"
_CONSUMER_CONFIG: dict[str, Any] = {
    "group.id": "tidegauge-journal",  # the client wants one; no position is ever committed
    "enable.auto.commit": False,
    "auto.offset.reset": "latest",
    "queued.max.messages.kbytes": 1_024,
}
_WAIT_S = 1.0
_TOLD_WITHIN_S = 5.0
"""How long a note may take to be stored by the broker."""


class DrainNotes:
    """Writes and hears such notes; only those that are written from now on count.

    Args:
        settings: where the broker is.
        topic: the journal, which is there.
        cluster: what tells this cluster's notes from another's, the same in all its processes.

    Raises:
        Stop: the broker does not tell where the journal ends.
    """

    def __init__(self, settings: Settings, topic: str, cluster: str) -> None:
        self._settings = settings
        self._topic = topic
        self._cluster = cluster
        config = client_config(settings, Faults())
        config["fetch.wait.max.ms"] = settings.kafka_fetch_wait_ms
        self._consumer = LastingConsumer({**config, **_CONSUMER_CONFIG})
        here = TopicPartition(topic, PARTITION)
        try:
            _, here.offset = self._consumer.get_watermark_offsets(
                here, timeout=settings.start_timeout_s
            )
        except KafkaException as error:
            raise Stop(f"kafka: {topic}: {short(error.args[0])}") from None
        self._consumer.assign([here])

    def follow(self, heard: Callable[[], None]) -> None:
        """Call `heard`, from a thread, once a note for this cluster is there."""
        Thread(target=self._follow, args=[heard], name="drain-notes", daemon=True).start()

    def tell(self) -> None:
        """Write a note.

        Raises:
            KafkaException: the broker has not stored it in time.
        """
        note = {"v": VERSION, "kind": _KIND, "cluster": self._cluster}
        failed: list[Any] = []
        producer = Producer(
            {
                **client_config(self._settings, Faults()),
                "acks": "all",
                "delivery.timeout.ms": int(_TOLD_WITHIN_S * 1_000),
            }
        )
        producer.produce(
            self._topic,
            orjson.dumps(note),
            key=_KIND.encode(),
            partition=PARTITION,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.flush(_TOLD_WITHIN_S + 1)
        if failed:
            raise KafkaException(failed[0])

    def _follow(self, heard: Callable[[], None]) -> None:
        while True:
            # What the client reports it tries again by itself.
            for message in self._consumer.consume(1, _WAIT_S):
                if message.error() is None and self._is_for_us(message):
                    heard()
                    return

    def _is_for_us(self, message: Message) -> bool:
        if message.key() != _KIND.encode():
            return False
        try:
            note = orjson.loads(message.value() or b"")
        except orjson.JSONDecodeError:
            return False
        return isinstance(note, dict) and note.get("cluster") == self._cluster
