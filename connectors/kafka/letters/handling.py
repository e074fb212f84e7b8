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
from connectors.kafka.once.broken import RefusedMessagesError
from connectors.kafka.once.transactions import ANY_PARTITION, Transactions
from connectors.kafka.refusals import TOO_LARGE
from tidegauge.errors import Retry
from tidegauge.settings import Settings

CHUNK = 500
"""Letters of a transaction: readers of the topic see nothing behind it while it is open."""
UNKNOWN = "the broker has not said whether it has it; its state tells: tidegauge dlq list --all"
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


Told = Callable[[Resent, str], None]
"""Gets a message, and why it was not sent; an empty text where it was."""


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
        batch_bytes: most of a batch of several messages, which all of the topics allow.

    Raises:
        Retry: the broker does not answer in time.
        Stop: it does not allow transactions.
    """

    def __init__(self, settings: Settings, pipeline: str, marks: str, batch_bytes: int) -> None:
        self._settings = settings
        self._name = f"tidegauge-{pipeline}-redrive"
        self._marks = marks
        self._batch_bytes = batch_bytes
        self._transactions = self._open()

    def redrive(self, messages: Sequence[Resent], now_ms: int, told: Told) -> None:
        """Send messages to their topics, and mark their letters as redriven.

        Args:
            messages: the messages; those of a partition arrive in this order, but for what is
                refused with others and sent again without them.
            now_ms: wall clock.
            told: gets each message when it is known what has become of it, and why it was not
                sent; an empty text where it was.

        Raises:
            Retry: the broker did not commit in time.
            Stop: it refuses, or another one has begun.
        """
        waiting = [messages[start : start + CHUNK] for start in range(0, len(messages), CHUNK)][
            ::-1
        ]
        while waiting:
            chunk = waiting.pop()
            try:
                left = self._sent_together(chunk, now_ms, told)
            except RefusedMessagesError as error:
                # A client whose message was refused within a transaction is of no more use.
                self._transactions = self._open()
                waiting += self._without_refused(chunk, error, told)[::-1]
            else:
                for one in left:
                    told(one, TOO_LARGE)

    def _sent_together(self, chunk: Sequence[Resent], now_ms: int, told: Told) -> Sequence[Resent]:
        """Send messages in a transaction; those that the client itself calls too large."""
        try:
            spots = self._send(chunk)
            for number, spot in spots.items():
                self._mark(_redriven(chunk[number], spot, now_ms))
        except RefusedMessagesError:
            raise
        except BaseException:
            self._transactions.abort()
            raise
        try:
            self._transactions.commit()
        except Retry as error:
            if not isinstance(error, RefusedMessagesError):
                for one in chunk:
                    told(one, UNKNOWN)
            raise
        for number in spots:
            told(chunk[number], "")
        return [one for number, one in enumerate(chunk) if number not in spots]

    def _without_refused(
        self, chunk: Sequence[Resent], error: RefusedMessagesError, told: Told
    ) -> list[Sequence[Resent]]:
        """Parts of what was sent together, to find by trying them which one is refused."""
        refused = set(error.messages)
        if len(refused) == 1:
            (number,) = refused
            told(chunk[number], error.reason)
            rest = [one for place, one in enumerate(chunk) if place != number]
            return [rest] if rest else []
        middle = len(chunk) // 2
        return [chunk[:middle], chunk[middle:]]

    def _open(self) -> Transactions:
        faults = Faults()
        return Transactions(
            client_config(self._settings, faults),
            faults,
            name=self._name,
            batch_bytes=self._batch_bytes,
            timeout_s=_TIMEOUT_S,
            open_ms=_OPEN_MS,
        )

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

    def _send(self, chunk: Sequence[Resent]) -> dict[int, Spot]:
        """Where each message is now, by its place in the chunk; others are too large."""
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
            self._transactions.send_to(
                (letter.topic, one.partition),
                one.value,
                one.key,
                [*one.headers, *own],
                partial(delivered, number),
                about=number,
            )
        self._transactions.flush()
        return spots

    def _mark(self, mark: Mark) -> None:
        place = (self._marks, ANY_PARTITION)
        self._transactions.send_to(place, encode_mark(mark), mark.id.encode(), None)


def _redriven(one: Resent, spot: Spot, now_ms: int) -> Mark:
    entry = one.entry
    before = entry.mark.sent if entry.mark is not None else ()
    sent = (*before, spot)
    return Mark(entry.letter.id, State.REDRIVEN, now_ms, one.attempt, entry.origin, sent)
