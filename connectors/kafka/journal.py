"""The journal's topic: entries in, and all of them out again."""

import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connectors.codecs.journal_json import entry_message, read_entry
from connectors.kafka.client import Faults, client_config, short
from connectors.kafka.identity import why_unreadable
from connectors.kafka.to_end import TopicReader, UnreadableError, UnreadError
from tidegauge.errors import Retry, Stop
from tidegauge.journal import Entry
from tidegauge.labels import Label
from tidegauge.patterns.changes import PatternChange
from tidegauge.settings import Settings

PARTITION = 0
"""The journal has one partition, so that its entries are in one order."""

_CONSUMER_CONFIG: dict[str, Any] = {
    "group.id": "tidegauge-journal",  # the client wants one
    # A position that is gone must be seen, not skipped.
    "auto.offset.reset": "error",
    "queued.max.messages.kbytes": 4_096,
}
_PRODUCER_CONFIG: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 0,
}
_PATIENCE_S = 0.01
"""How long to gather entries before looking whether they are enough."""


class JournalReader:
    """Reads the journal from a position on.

    Args:
        settings: where the broker is.
        topic: the journal.
        offset: the next offset to read; None for the first that is there.
        identity: what tells the journal from others of its name; None where it is not known.

    Attributes:
        offset: the next offset to read.
        end: the offset after the last entry when the journal was opened.

    Raises:
        Stop: the position no longer exists, or the broker does not tell what does.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        offset: int | None = None,
        identity: str | None = None,
    ) -> None:
        self._topic = topic
        self._identity = identity
        self._timeout_s = settings.start_timeout_s
        self._client = client_config(settings, Faults())
        config = {**self._client, "fetch.wait.max.ms": settings.kafka_fetch_wait_ms}
        self._reader = TopicReader({**config, **_CONSUMER_CONFIG}, self._timeout_s, skips=False)
        low, self.end = self._range()
        if offset is not None and not low <= offset <= self.end:
            raise Stop(
                f"kafka: {topic}: position {offset} of the saved state is not in the journal, which"
                f" begins at {low} and ends before {self.end}; a journal is kept as long as saved"
                " state: start with an empty recovery directory"
            )
        self.offset = low if offset is None else offset
        self._reader.begin({(topic, PARTITION): self.offset})

    def read(self, timeout_s: float = 0) -> list[Entry]:
        """The next entries that have arrived; what is none is passed over.

        Args:
            timeout_s: how long to wait for more than has arrived.

        Raises:
            Stop: the broker refuses to give them, or one is of a newer version.
        """
        try:
            messages = self._reader.take(timeout_s)
        except UnreadableError as error:
            raise Stop(
                f"kafka: {error}; a journal decides results, so nothing of it is passed over: see"
                " to who may write to it, and give the pipeline another name"
            ) from None
        except UnreadError as error:
            gone = why_unreadable(self._client, self._topic, self._identity)
            raise gone or Stop(f"kafka: {self._topic}: {error}") from None
        entries = []
        for message in messages:
            self.offset = _offset(message) + 1
            entry = read_entry(message.value())
            if entry is not None:
                entries.append(entry)
        return entries

    def read_to(self, end: int) -> list[Entry]:
        """All entries before an offset that has been written.

        Raises:
            Stop: as `read`, or they have not come in time.
        """
        entries: list[Entry] = []
        deadline = time.monotonic() + self._timeout_s
        while self.offset < end:
            at = self.offset
            entries += self.read(_PATIENCE_S)
            if self.offset > at:
                deadline = time.monotonic() + self._timeout_s
            elif time.monotonic() > deadline:
                reason = self._reader.reason("no answer")
                raise Stop(
                    f"kafka: {self._topic}: nothing at offset {at} within {self._timeout_s:g} s"
                    f" ({reason}), although the journal ends before {end}"
                )
        return entries

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()

    def _range(self) -> tuple[int, int]:
        try:
            return self._reader.range((self._topic, PARTITION))
        except UnreadError as error:
            raise Stop(
                f"kafka: {self._topic}: the broker did not tell its offsets within"
                f" {self._timeout_s:g} s ({error})"
            ) from None


def read_labels(settings: Settings, topic: str) -> list[Label]:
    """All labels that are in a journal now.

    Raises:
        Stop: the broker does not give what is in the journal.
    """
    reader = JournalReader(settings, topic)
    try:
        return [entry for entry in reader.read_to(reader.end) if isinstance(entry, Label)]
    finally:
        reader.close()


def read_pattern_changes(settings: Settings, topic: str) -> list[PatternChange]:
    """All changes of patterns that are in a journal now.

    Raises:
        Stop: the broker does not give what is in the journal.
    """
    reader = JournalReader(settings, topic)
    try:
        entries = reader.read_to(reader.end)
        return [entry for entry in entries if isinstance(entry, PatternChange)]
    finally:
        reader.close()


class JournalWriter:
    """Writes entries; those of one writer are stored once and in their order.

    Args:
        settings: where the broker is.
        topic: the journal.
    """

    def __init__(self, settings: Settings, topic: str) -> None:
        self._topic = topic
        self._faults = Faults()
        self._failed: KafkaError | None = None
        self._timeout_s = settings.retry_for_s
        patience = {"delivery.timeout.ms": int(self._timeout_s * 1_000)}
        self._producer = Producer(
            {**client_config(settings, self._faults), **_PRODUCER_CONFIG, **patience}
        )

    def write(self, entry: Entry, written: Callable[[int], None]) -> None:
        """Send an entry; `poll` calls `written` with its offset once it is stored."""
        message = entry_message(entry, self._topic)

        def delivered(error: KafkaError | None, sent: Message) -> None:
            if error is None:
                written(_offset(sent))
            elif self._failed is None:
                self._failed = error

        self._producer.produce(
            message.topic,
            value=message.value,
            key=message.key,
            partition=PARTITION,
            on_delivery=delivered,
        )

    def poll(self) -> None:
        """Tell of entries that are stored.

        Raises:
            Retry: the broker has not stored one in time.
            Stop: the broker refuses them, or this producer, for good.
        """
        try:
            self._producer.poll(0)
        except KafkaException as error:  # the client can do no more
            raise Stop(f"Kafka refuses this producer for good: {short(error.args[0])}") from None
        self._raise_failure()

    def append(self, entry: Entry) -> int:
        """Write an entry and wait until it is stored; its offset.

        Raises:
            Retry: the broker has not stored it in time.
            Stop: the broker refuses it, or this producer, for good.
        """
        offsets: list[int] = []
        self.write(entry, offsets.append)
        # The client fails what is not delivered in time; the margin is for its telling so.
        self._producer.flush(self._timeout_s + 5)
        self._raise_failure()
        if not offsets:
            raise Retry(self._late())
        return offsets[0]

    def _raise_failure(self) -> None:
        if self._faults.fatal is not None:
            raise Stop(f"Kafka refuses this producer for good: {short(self._faults.fatal)}")
        if self._failed is not None:
            if self._failed.retriable() or self._failed.code() < 0:
                raise Retry(self._late())
            raise Stop(f"Kafka refuses entries of {self._topic!r}: {short(self._failed)}")

    def _late(self) -> str:
        reason = self._faults.reason(short(self._failed) if self._failed else "no answer")
        return (
            f"Kafka has not stored an entry of {self._topic!r} in {self._timeout_s:g} s: {reason}"
        )


def _offset(message: Message) -> int:
    return message.offset()  # type: ignore[return-value]  # messages without errors have one
