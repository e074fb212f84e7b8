"""A table in a compacted Kafka topic: read to its end, then followed, also into a new topic."""

import time
from collections.abc import Callable, Mapping

import polars as pl
from confluent_kafka import OFFSET_BEGINNING, Message
from confluent_kafka.admin import AdminClient

from connectors.kafka.client import Faults, client_config
from connectors.kafka.identity import LOOK_EVERY_S, Found, look_for
from connectors.kafka.to_end import MOST, TopicReader, UnreadableError, UnreadError
from connectors.tables.changes import Newest, Rows
from tidegauge.errors import Stop, UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Table

_MOST_ROUNDS = 20
"""So often in a poll, so that a table changing without end is seen all the same."""
_LOOK_TIMEOUT_S = 2.0


class TopicTable:
    """Reads all partitions of a topic from their beginnings; no position is saved.

    A topic that has got more partitions, or was deleted and made anew, is read from its beginning
    beside the rows that are there, and takes their place when it was read to its end.

    Args:
        name: the table's name, for messages.
        table: its declaration.
        topic: its topic, and how many partitions that has.
        group: consumer group; nothing is committed.
        settings: where the broker is.
        replace: gets all rows each time they changed.
        tell: gets what is wrong with messages while running; the rows they belong to stay.
        look_every_s: time between two looks at the topic itself.
        skips: whether messages that cannot be read are told of and passed over.
    """

    every_s = 0.25
    """How often `poll` is to be called."""

    def __init__(  # noqa: PLR0913 - what a table is made of
        self,
        name: str,
        table: Table,
        topic: tuple[str, int],
        group: str,
        settings: Settings,
        replace: Callable[[pl.DataFrame], None],
        tell: Callable[[str], None],
        *,
        look_every_s: float = LOOK_EVERY_S,
        skips: bool = True,
    ) -> None:
        self._skips = skips
        self._where = f"tables.{name}"
        self._table = table
        self._topic, self._partitions = topic
        self._replace = replace
        self._tell = tell
        self._settings = settings
        self._group = group
        self._rows = Rows(table, self._where)
        self._reader = self._open()
        self._admin = AdminClient(client_config(settings, Faults()))
        self._read: Found | None = None
        self._look_every_s = look_every_s
        self._looked_s = time.monotonic()
        self._wrong: list[str] = []
        self._refused = ""
        self._told: set[str] = set()

    def load(self) -> None:
        """Read it to its end.

        Raises:
            UserMistake: nothing comes for `settings.start_timeout_s`, the broker refuses to give
                it, messages cannot be read and are not to be passed over, or the newest message of
                a key is wrong.
        """
        timeout_s = min(_LOOK_TIMEOUT_S, self._settings.start_timeout_s)
        self._read = look_for(self._admin, self._topic, timeout_s)
        if self._read is not None and self._read.identity is not None:
            self._partitions = self._read.partitions
        try:
            newest = self._all_of(self._reader)
        except UnreadableError as error:
            raise UserMistake(self._not_passed_over(error)) from None
        except UnreadError as reason:
            raise UserMistake(
                f"{self._where}: Kafka topic {self._topic!r} was not read to its end"
                f" ({reason}); see whether the broker is well and lets this client read it"
            ) from None
        self._tell_skipped(self._reader)
        self._apply(newest)
        if self._wrong:
            raise UserMistake(f"{self._wrong[0]}; write the row anew, or a tombstone for its key")

    def poll(self) -> None:
        """Take what came since, without waiting but for a look at the topic now and then.

        Raises:
            Stop: messages cannot be read, and are not to be passed over.
        """
        self._refused = ""
        if time.monotonic() >= self._looked_s + self._look_every_s:
            self._look()
            self._looked_s = time.monotonic()
        newest: dict[bytes, Newest] = {}
        for _ in range(_MOST_ROUNDS):
            if self._take(newest) < MOST:
                break
        if newest:
            self._apply(newest)
            self._told.clear()
        if self._refused and self._refused not in self._told:
            self._told.add(self._refused)
            self._tell(f"{self._where}: Kafka topic {self._topic!r}: {self._refused}")
        if self._wrong:
            more = f" and {len(self._wrong) - 1} more" if len(self._wrong) > 1 else ""
            self._tell(f"{self._wrong[0]}{more}; the row stays as it was")
            self._wrong.clear()

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()

    def _open(self) -> TopicReader:
        return TopicReader(
            {
                **client_config(self._settings, Faults()),
                "group.id": self._group,
                "fetch.wait.max.ms": self._settings.kafka_fetch_wait_ms,
            },
            self._settings.start_timeout_s,
            skips=self._skips,
        )

    def _not_passed_over(self, error: UnreadableError) -> str:
        advice = "set dead_letters.on_unreadable: skip in the pipeline file"
        do = "" if self._skips else f"; to pass it over, {advice}"
        return f"{self._where}: {error}{do}"

    def _all_of(self, reader: TopicReader) -> dict[bytes, Newest]:
        """The newest message of each key, with all partitions read to their ends.

        Raises:
            UnreadError: nothing comes for a while, or the broker refuses to give it.
        """
        numbers = range(self._partitions)
        reader.begin({(self._topic, number): OFFSET_BEGINNING for number in numbers})
        newest: dict[bytes, Newest] = {}
        for message in reader.to_end():
            self._keep(newest, message)
        return newest

    def _look(self) -> None:
        """See whether the topic is as it was, and read it anew where it is not."""
        found = look_for(self._admin, self._topic, _LOOK_TIMEOUT_S)
        if found is None or found == self._read:
            return
        if found.identity is None:
            self._refused = "it is not there any more; the rows stay as they were"
            return
        if self._read is not None:
            self._read_anew(found)
        else:
            self._read = found

    def _read_anew(self, found: Found) -> None:
        self._partitions = found.partitions
        reader, wrong = self._open(), len(self._wrong)
        try:
            newest = self._all_of(reader)
        except UnreadError as reason:
            # It is tried again at the next look.
            reader.close()
            del self._wrong[wrong:]
            self._refused = f"it has changed and was not read to its end ({reason})"
            return
        self._reader.close()
        self._reader, self._read, self._rows = reader, found, Rows(self._table, self._where)
        self._apply(newest)

    def _apply(self, newest: Mapping[bytes, Newest]) -> None:
        self._wrong += self._rows.apply(newest)
        self._replace(self._rows.frame)

    def _take(self, newest: dict[bytes, Newest]) -> int:
        """Add messages to the newest of each key; how many came."""
        try:
            messages = self._reader.take()
        except UnreadableError as error:
            raise Stop(self._not_passed_over(error)) from None
        except UnreadError as refusal:
            self._refused = str(refusal)
            return 0
        self._tell_skipped(self._reader)
        for message in messages:
            self._keep(newest, message)
        return len(messages)

    def _tell_skipped(self, reader: TopicReader) -> None:
        for line in reader.skipped:
            self._tell(f"{self._where}: {line}; rows that they change stay as they were")
        reader.skipped.clear()

    def _keep(self, newest: dict[bytes, Newest], message: Message) -> None:
        key: bytes | None = message.key()
        value: bytes | None = message.value()
        origin = f"{self._where}: {self._topic}-{message.partition()} offset {message.offset()}"
        if key is None:
            self._wrong.append(f"{origin}: a message without a key, which tells rows apart")
            return
        before, partition, at_ms = newest.get(key), message.partition() or 0, message.timestamp()[1]
        if before is not None and before.partition != partition and before.at_ms > at_ms:
            return  # more partitions, and keys have moved: partitions are read in no order
        newest.pop(key, None)
        newest[key] = Newest(value, origin, partition, at_ms)
