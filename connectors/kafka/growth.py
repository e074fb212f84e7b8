"""Partitions that a topic gets while it is read: they are told of, and read after a restart.

The engine keeps the parts of a source from its start on: parts that are saved but not listed at the
next start, or the other way round, are what it takes for another source.
"""

import atexit
import threading

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
        every_s: time between two looks.
    """

    def __init__(
        self, admin: AdminClient, topic: str, partitions: int, every_s: float = LOOK_EVERY_S
    ) -> None:
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
            self._note(len(found[self._topic].partitions))

    def _note(self, partitions: int) -> None:
        if partitions <= self._told:
            return
        _LOG.warning(
            "topic has new partitions, which are not read: end the flow and start it again",
            topic=self._topic,
            partitions=list(range(self._told, partitions)),
        )
        self._told = partitions
