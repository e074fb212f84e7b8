"""Letters sent again, or given up: the message and its mark in one transaction, so never half."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from confluent_kafka import Message

from connectors.codecs.messages import Headers
from connectors.kafka.client import Faults, client_config
from connectors.kafka.letters.headers import ATTEMPT, LETTER, ORIGIN
from connectors.kafka.letters.letter import Spot
from connectors.kafka.letters.log import Entry
from connectors.kafka.letters.marks import Mark, State, encode_mark
from connectors.kafka.once.transactions import ANY_PARTITION, Transactions
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

CHUNK = 500
"""Letters of a transaction: readers of the topic see nothing behind it while it is open."""
_OPEN_MS = 60_000
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Resent:
    """A message that is sent again.

    Attributes:
        entry: the letter about it.
        key: its key; None also where that is not known any more.
        value: its value.
        headers: its own headers.
        partition: where it goes; `ANY_PARTITION` where its own is no more.
    """

    entry: Entry
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition: int

    @property
    def attempt(self) -> int:
        """Number of the attempt that begins."""
        return self.entry.attempt + 1


def resent(entry: Entry, original: Message | None, partitions: int) -> Resent:
    """The message of a letter, from its topic or, where that has lost it, from the letter.

    Args:
        entry: a letter about a single message, which it holds whole where `original` is None.
        original: the message, if it is still there.
        partitions: how many its topic has now.
    """
    number = entry.letter.partition
    place = number if number is not None and number < partitions else ANY_PARTITION
    if original is None:
        return Resent(entry, entry.letter.message_key, entry.letter.payload, [], place)
    given: Headers = original.headers() or []  # type: ignore[assignment]  # pairs, when they are read
    headers = [pair for pair in given if pair[0] not in (ORIGIN, ATTEMPT, LETTER)]
    key: bytes | None = original.key()
    value: bytes | None = original.value()
    return Resent(entry, key, value, headers, place)


class Handling:
    """Sends messages again and marks letters; one at a time for a pipeline.

    Making it ends another one's unfinished transaction: marks that are read afterwards are all
    there are.

    Args:
        settings: where the broker is.
        pipeline: name of the pipeline.
        marks: topic of the marks.
        max_bytes: most that the topics allow of a batch of messages.

    Raises:
        Retry: the broker does not answer in time.
        Stop: it does not allow transactions.
    """

    def __init__(self, settings: Settings, pipeline: str, marks: str, max_bytes: int) -> None:
        faults = Faults()
        self._marks = marks
        self._transactions = Transactions(
            client_config(settings, faults),
            faults,
            name=f"tidegauge-{pipeline}-redrive",
            max_bytes=max_bytes,
            timeout_s=_TIMEOUT_S,
            open_ms=_OPEN_MS,
        )

    def redrive(self, messages: Sequence[Resent], now_ms: int, done: Callable[[int], None]) -> None:
        """Send messages to their topics, and mark their letters as redriven.

        Args:
            messages: the messages; those of a partition arrive in this order.
            now_ms: wall clock.
            done: told how many more are through.

        Raises:
            UserMistake: one is larger than its topic allows.
            Retry: the broker did not commit in time.
            Stop: it refuses, or another one has begun.
        """
        for start in range(0, len(messages), CHUNK):
            chunk = messages[start : start + CHUNK]
            try:
                spots = self._send(chunk)
                for one, spot in zip(chunk, spots, strict=True):
                    self._mark(_redriven(one, spot, now_ms))
                self._transactions.commit()
            except BaseException:
                self._transactions.abort()
                raise
            done(len(chunk))

    def drop(self, entries: Sequence[Entry], now_ms: int) -> None:
        """Mark letters as given up.

        Raises:
            Retry: the broker did not commit in time.
            Stop: it refuses, or another one has begun.
        """
        for entry in entries:
            sent = entry.mark.sent if entry.mark is not None else ()
            self._mark(
                Mark(entry.letter.id, State.DROPPED, now_ms, entry.attempt, entry.origin, sent)
            )
        self._transactions.commit()

    def _send(self, chunk: Sequence[Resent]) -> list[Spot]:
        spots: dict[int, Spot] = {}

        def delivered(number: int, sent: Message) -> None:
            spots[number] = Spot(sent.topic() or "", sent.partition() or 0, sent.offset() or 0)

        for number, one in enumerate(chunk):
            letter = one.entry.letter
            own: Headers = [
                (ORIGIN, one.entry.origin),
                (ATTEMPT, str(one.attempt)),
                (LETTER, letter.id),
            ]
            if not self._transactions.send_to(
                (letter.topic, one.partition),
                one.value,
                one.key,
                [*one.headers, *own],
                partial(delivered, number),
            ):
                raise UserMistake(
                    f"letter {letter.id}: its message is larger than topic {letter.topic!r} takes;"
                    " raise max.message.bytes of the topic, or leave the letter out by a filter"
                )
        self._transactions.flush()
        return [spots[number] for number in range(len(chunk))]

    def _mark(self, mark: Mark) -> None:
        place = (self._marks, ANY_PARTITION)
        self._transactions.send_to(place, encode_mark(mark), mark.id.encode(), None)


def _redriven(one: Resent, spot: Spot, now_ms: int) -> Mark:
    entry = one.entry
    before = entry.mark.sent if entry.mark is not None else ()
    sent = (*before, spot)
    return Mark(entry.letter.id, State.REDRIVEN, now_ms, one.attempt, entry.origin, sent)
