"""Partitions that a topic gets while it is read: they are told of, in the log and to the source."""

import atexit
import threading
from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

LOOK_EVERY_S = 10.0
_LOOK_TIMEOUT_S = 2.0
_LOG = structlog.get_logger("tidegauge")


class TopicGrowth:
    """Looks now and then, in a thread of its own, whether a topic has more partitions.

    Args:
        admin: a client of the broker.
        topic: the topic.
        partitions: how many it had at the start.
        grown: told how many it has then.
        every_s: time between two looks.
    """

    def __init__(
        self,
        admin: AdminClient,
        topic: str,
        partitions: int,
        grown: Callable[[int], None],
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._grown = grown
        self._admin = admin
        self._topic = topic
        self._told = partitions
        self._every_s = every_s
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"growth of {topic}", daemon=True)

    def watch(self) -> None:
        """Begin to look, until the interpreter ends."""
        self._thread.start()
        # A thread within a client must not outlive the interpreter.
        atexit.register(self.close)

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(self._every_s):
            try:
                found = self._admin.list_topics(self._topic, timeout=_LOOK_TIMEOUT_S).topics
            except KafkaException:
                continue  # whoever reads the topic tells of a broker that is away
            self._note(_ready(found[self._topic].partitions))

    def _note(self, partitions: int) -> None:
        if partitions <= self._told:
            return
        _LOG.info(
            "topic has new partitions, which are read from now on",
            topic=self._topic,
            partitions=list(range(self._told, partitions)),
        )
        self._told = partitions
        self._grown(partitions)


def _ready(partitions: dict[int, Any]) -> int:
    """How many partitions from the first on have a broker to be read from."""
    count = 0
    while count in partitions and partitions[count].leader >= 0:
        count += 1
    return count
