"""A table in a compacted Kafka topic: read to its end, then followed."""

from collections.abc import Callable, Mapping

import polars as pl
from confluent_kafka import OFFSET_BEGINNING, Message

from connectors.kafka.client import Faults, client_config
from connectors.kafka.to_end import MOST, TopicReader, UnreadError
from connectors.tables.changes import Newest, Rows
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Table

_MOST_ROUNDS = 20
"""So often in a poll, so that a table changing without end is seen all the same."""


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
        self._replace = replace
        self._tell = tell
        self._rows = Rows(table)
        self._reader = TopicReader(
            {
                **client_config(settings, Faults()),
                "group.id": group,
                "fetch.wait.max.ms": settings.kafka_fetch_wait_ms,
            },
            settings.start_timeout_s,
        )
        self._wrong: list[str] = []
        self._refused = ""
        self._told = ""

    def load(self) -> None:
        """Read it to its end.

        Raises:
            UserMistake: nothing comes for `settings.start_timeout_s`, the broker refuses to give
                it, or the newest message of a key is wrong.
        """
        numbers = range(self._partitions)
        self._reader.begin({(self._topic, number): OFFSET_BEGINNING for number in numbers})
        newest: dict[bytes, Newest] = {}
        try:
            for message in self._reader.to_end():
                self._keep(newest, message)
        except UnreadError as reason:
            raise UserMistake(
                f"{self._where}: Kafka topic {self._topic!r} was not read to its end"
                f" ({reason}); see whether the broker is well and lets this client read it"
            ) from None
        self._apply(newest)
        if self._wrong:
            raise UserMistake(f"{self._wrong[0]}; write the row anew, or a tombstone for its key")

    def poll(self) -> None:
        """Take what came since, without waiting."""
        self._refused = ""
        newest: dict[bytes, Newest] = {}
        for _ in range(_MOST_ROUNDS):
            if self._take(newest) < MOST:
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
        self._reader.close()

    def _apply(self, newest: Mapping[bytes, Newest]) -> None:
        self._wrong += self._rows.apply(newest)
        self._replace(self._rows.frame)

    def _take(self, newest: dict[bytes, Newest]) -> int:
        """Add messages to the newest of each key; how many came."""
        try:
            messages = self._reader.take()
        except UnreadError as refusal:
            self._refused = str(refusal)
            return 0
        for message in messages:
            self._keep(newest, message)
        return len(messages)

    def _keep(self, newest: dict[bytes, Newest], message: Message) -> None:
        key: bytes | None = message.key()
        value: bytes | None = message.value()
        origin = f"{self._where}: {self._topic}-{message.partition()} offset {message.offset()}"
        if key is None:
            self._wrong.append(f"{origin}: a message without a key, which tells rows apart")
            return
        newest.pop(key, None)
        newest[key] = Newest(value, origin)
