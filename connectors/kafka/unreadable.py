"""Batches of messages that the client cannot read, and where each of them ends.

A producer compresses messages in batches, and the broker stores them so. One that unpacks to more
than the client takes (a bomb of 4 kB becomes 120 MB), or that it cannot unpack, is asked for again
and again. Where it ends is not told. But a batch is given as a whole: who asks for an offset within
it gets the same error, which names the offset of its first message; who asks for the one behind it
gets something else.
"""

import time

from confluent_kafka import KafkaError, Message, TopicPartition

from connectors.kafka.consumer import LastingConsumer

VERDICTS = frozenset(
    {
        KafkaError._BAD_COMPRESSION,  # noqa: SLF001 - the library's public names, as below
        KafkaError._BAD_MSG,  # noqa: SLF001
        KafkaError._NOT_IMPLEMENTED,  # noqa: SLF001
        KafkaError._CRIT_SYS_RESOURCE,  # noqa: SLF001
    }
)
"""What the client says of the bytes of a batch; trying again does not help."""
_SILENT_S = 2.0
"""A batch about which the client says nothing: nothing comes for so long at an offset within it."""
MOST_SILENT = 32
"""So many offsets are tried in such a batch; nothing tells it from the next one of its kind."""


class Suspicion:
    """The batch that the client could not read; once could be chance, twice is none."""

    def __init__(self) -> None:
        self._first: int | None = None

    def confirmed(self, message: Message) -> bool:
        """Take an error about a batch; whether it is the second about the same."""
        before, self._first = self._first, message.offset()
        return before is not None and before == self._first


class BatchEnd:
    """Finds the offset behind a batch that cannot be read.

    Args:
        consumer: tries offsets; it reads nothing else meanwhile.
        place: topic and partition.
        inside: an offset within the batch.
        end: the end of the log, which is behind it.
        first: offset of its first message; None where the client says nothing about it.
    """

    def __init__(
        self,
        consumer: LastingConsumer,
        place: tuple[str, int],
        inside: int,
        end: int,
        first: int | None,
    ) -> None:
        self._consumer = consumer
        self._place = place
        self._inside = inside
        self._outside = max(end, inside + 1)
        self._first = first
        self._step: int | None = 1
        self._tried = 0
        self._since_s = 0.0
        self._probe = inside
        self._try_next()

    def step(self, wait_s: float = 0) -> int | None:
        """See what has come of the offset that is tried; the one behind the batch, once known.

        Args:
            wait_s: how long to wait for it.
        """
        if not self._found:
            for message in self._consumer.consume(1, wait_s):
                self._take(message)
            if self._first is None and time.monotonic() - self._since_s > _SILENT_S:
                self._note(inside=True)
        return self._outside if self._found else None

    @property
    def lost(self) -> bool:
        """Whether it is given up: the client says nothing about too many offsets."""
        return self._first is None and self._tried > MOST_SILENT

    @property
    def _found(self) -> bool:
        return self._inside + 1 >= self._outside

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is None or error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
            self._note(inside=False)
        elif error.code() in VERDICTS:
            self._note(inside=self._first is not None and message.offset() == self._first)

    def _note(self, *, inside: bool) -> None:
        if inside:
            self._inside = self._probe
            if self._step is not None and self._first is not None:
                self._step *= 2
        else:
            self._outside = self._probe
            self._step = None
        if not self._found:
            self._try_next()

    def _try_next(self) -> None:
        if self._found:
            return
        ahead = self._inside + (self._step or self._outside)
        self._probe = ahead if ahead < self._outside else (self._inside + self._outside) // 2
        self._tried += 1
        self._since_s = time.monotonic()
        self._consumer.assign([TopicPartition(*self._place, self._probe)])
