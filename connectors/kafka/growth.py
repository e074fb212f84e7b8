"""Partitions that a topic gets while it is read."""

import atexit
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from bytewax.inputs import StatefulSourcePartition
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tidegauge.batch import EventBatch

MOST_SPARE = 4
"""At most so many new partitions of a topic are read without a restart."""
LOOK_EVERY_S = 10.0
_LOOK_TIMEOUT_S = 2.0
_WAIT = timedelta(milliseconds=16)
"""As short as a partition waits: epochs end when a part is asked."""
_LOG = structlog.get_logger("tidegauge")


def spare_parts(topic: str, partitions: int, workers: int, most: int = MOST_SPARE) -> int:
    """How many partitions that are not there yet a source can list beside those that are.

    The engine deals parts out to workers in turn, in the order of their names: those that are
    there must stay as even as they are without the others.

    Args:
        topic: the topic.
        partitions: how many it has.
        workers: of all processes.
        most: not more than so many.
    """
    for spare in range(most, 0, -1):
        names = sorted(f"{topic}-{number}" for number in range(partitions + spare))
        there = [0] * workers
        for place, name in enumerate(names):
            there[place % workers] += int(name.rpartition("-")[2]) < partitions
        if max(there) <= -(-partitions // workers):
            return spare
    return 0


class TopicGrowth:
    """How many partitions a topic has, looked at now and then by a thread of its own.

    Args:
        admin: a client of the broker.
        topic: the topic.
        partitions: how many it had at the start.
        spare: how many more are read as soon as they are there; of others a warning tells.
        every_s: time between two looks.

    Attributes:
        spare: as given.
    """

    def __init__(
        self,
        admin: AdminClient,
        topic: str,
        partitions: int,
        spare: int,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._admin = admin
        self._topic = topic
        self.spare = spare
        self._most = partitions + spare
        self._every_s = every_s
        self._partitions = partitions
        self._told = partitions
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def __call__(self) -> int:
        """How many there are, as far as known; the first call begins to look."""
        with self._lock:
            if self._thread is None:
                name = f"growth of {self._topic}"
                self._thread = threading.Thread(target=self._watch, name=name, daemon=True)
                self._thread.start()
                # A thread within a client must not outlive the interpreter.
                atexit.register(self.close)
        return self._partitions

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        if self._thread is not None:
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
        read = min(partitions, self._most)
        if read > self._told:
            _LOG.warning(
                "topic has new partitions, which are read from their start",
                topic=self._topic,
                partitions=list(range(self._told, read)),
            )
        if partitions > self._most:
            _LOG.warning(
                "topic has new partitions, which are not read: end the flow and start it again",
                topic=self._topic,
                partitions=list(range(max(self._told, self._most), partitions)),
            )
        self._told = partitions
        self._partitions = partitions


class SparePart(StatefulSourcePartition[EventBatch, Any]):
    """A partition that is not there yet, and is read from its start once it is.

    Args:
        number: its number.
        partitions: tells how many there are.
        build: makes the partition.
        draining: asked before each look; once true, it ends.
    """

    def __init__(
        self,
        number: int,
        partitions: Callable[[], int],
        build: Callable[[], Any],
        draining: Callable[[], bool],
    ) -> None:
        self._number = number
        self._partitions = partitions
        self._build = build
        self._draining = draining
        self._part: Any = None

    def next_batch(self) -> list[EventBatch]:
        """Nothing before it is there; then first that it is idle, and the rest of it.

        Raises:
            StopIteration: the flow is draining.
        """
        if self._part is not None:
            batches: list[EventBatch] = self._part.next_batch()
            return batches
        if self._draining():
            raise StopIteration
        if self._number >= self._partitions():
            return []
        self._part = self._build()
        return [self._part.join()]

    def next_awake(self) -> datetime | None:
        """In a while, as long as it is not there."""
        if self._part is None:
            return datetime.now(UTC) + _WAIT
        moment: datetime | None = self._part.next_awake()
        return moment

    def snapshot(self) -> Any:
        """Position of the partition; nothing before it is there."""
        return None if self._part is None else self._part.snapshot()

    def close(self) -> None:
        """Leave the broker."""
        if self._part is not None:
            self._part.close()
