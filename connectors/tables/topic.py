"""A table in a compacted Kafka topic: read to its end, then followed."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from connectors.kafka.client import Faults, client_config, short
from connectors.tables.changes import Newest, Rows
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Table

_MOST = 10_000
"""Messages taken from the client at once."""
_MOST_ROUNDS = 20
"""So often in a poll, so that a table changing without end is seen all the same."""
_WAIT_S = 0.2
_CONFIG: Mapping[str, Any] = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    # What compaction removes meanwhile has a newer row.
    "auto.offset.reset": "earliest",
    "queued.max.messages.kbytes": 16_384,
}


class TopicTable:
    """Reads all partitions of a topic from their beginnings; no position is saved.

    Args:
        name: the table's name, for messages.
        table: its declaration.
        topic: its topic, and how many partitions that has.
        group: consumer group; nothing is committed.
        settings: where the broker is.
        replace: gets all rows each time they changed.
        tell: gets what is wrong with messages while running; the rows they belong to stay.
    """

    every_s = 0.25
    """How often `poll` is to be called."""

    def __init__(
        self,
        name: str,
        table: Table,
        topic: tuple[str, int],
        group: str,
        settings: Settings,
        replace: Callable[[pl.DataFrame], None],
        tell: Callable[[str], None],
    ) -> None:
        self._where = f"tables.{name}"
        self._topic, self._partitions = topic
        self._timeout_s = settings.start_timeout_s
        self._replace = replace
        self._tell = tell
        self._rows = Rows(table)
        self._faults = Faults()
        self._consumer = Consumer(
            {
                **_CONFIG,
                **client_config(settings, self._faults),
                "group.id": group,
                "fetch.wait.max.ms": settings.kafka_fetch_wait_ms,
            }
        )
        self._at_end: set[int] = set()
        self._wrong: list[str] = []
        self._refused = ""
        self._told = ""

    def load(self) -> None:
        """Read it to its end.

        Raises:
            UserMistake: nothing comes for `settings.start_timeout_s`, the broker refuses to give
                it, or the newest message of a key is wrong.
        """
        start = [
            TopicPartition(self._topic, number, OFFSET_BEGINNING)
            for number in range(self._partitions)
        ]
        self._consumer.assign(start)
        newest: dict[bytes, Newest] = {}
        deadline_s = time.monotonic() + self._timeout_s
        while len(self._at_end) < self._partitions:
            if self._take(newest, _WAIT_S):
                deadline_s = time.monotonic() + self._timeout_s
            elif self._refused or time.monotonic() > deadline_s:
                reason = self._refused or self._faults.reason("nothing came")
                raise UserMistake(
                    f"{self._where}: Kafka topic {self._topic!r} was not read to its end"
                    f" ({reason}); see whether the broker is well and lets this client read it"
                )
        self._apply(newest)
        if self._wrong:
            raise UserMistake(f"{self._wrong[0]}; write the row anew, or a tombstone for its key")

    def poll(self) -> None:
        """Take what came since, without waiting."""
        self._refused = ""
        newest: dict[bytes, Newest] = {}
        for _ in range(_MOST_ROUNDS):
            if self._take(newest, 0) < _MOST:
                break
        if newest:
            self._apply(newest)
            self._told = ""
        if self._refused and self._refused != self._told:
            self._told = self._refused
            self._tell(f"{self._where}: Kafka topic {self._topic!r}: {self._refused}")
        if self._wrong:
            more = f" and {len(self._wrong) - 1} more" if len(self._wrong) > 1 else ""
            self._tell(f"{self._wrong[0]}{more}; the row stays as it was")
            self._wrong.clear()

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _apply(self, newest: Mapping[bytes, Newest]) -> None:
        self._wrong += self._rows.apply(newest)
        self._replace(self._rows.frame)

    def _take(self, newest: dict[bytes, Newest], wait_s: float) -> int:
        """Add messages to the newest of each key; how many came, marks of an end included."""
        try:
            messages = self._consumer.consume(_MOST, wait_s)
        except KafkaException as refusal:
            self._refused = short(refusal.args[0])
            return 0
        for message in messages:
            fault = message.error()
            if fault is None:
                self._keep(newest, message)
            elif fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the client's public name
                self._at_end.add(message.partition() or 0)
            elif fault.fatal() or fault.code() > 0:
                # The client's own codes (below 0) it retries itself.
                self._refused = short(fault)
        return 0 if self._refused else len(messages)

    def _keep(self, newest: dict[bytes, Newest], message: Message) -> None:
        key: bytes | None = message.key()
        value: bytes | None = message.value()
        origin = f"{self._where}: {self._topic}-{message.partition()} offset {message.offset()}"
        if key is None:
            self._wrong.append(f"{origin}: a message without a key, which tells rows apart")
            return
        newest.pop(key, None)
        newest[key] = Newest(value, origin)
