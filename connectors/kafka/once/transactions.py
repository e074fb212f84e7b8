"""A transactional producer: what is sent between two commits becomes visible together, or not."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Delivered

from connectors.codecs.messages import Headers, Message
from connectors.kafka.client import Faults, short
from connectors.kafka.once.broken import (
    FENCED,
    LOST,
    VAGUE,
    LostProducerError,
    RefusedMessagesError,
)
from connectors.kafka.refusals import MOST_BYTES, REFUSALS, refusal
from connectors.partitions import Waits, unheard
from tidegauge.errors import Retry, Stop

TRANSACTION_TIMEOUT_MS = 900_000
"""The most that a broker allows by default: longer than any stall of another sink of the flow."""
ANY_PARTITION = -1
"""The key of a message says which partition it goes to."""
_LOOK_S = 0.2
"""How often it is seen, while messages are delivered, whether one has failed."""
_ABORT_S = 5.0
_TRIES = 3
"""How often a step of a transaction that the client calls retriable is tried."""


class Transactions:
    """Sends messages in transactions, which begin by themselves.

    Making one waits until the broker has fenced an earlier producer of the same name off and ended
    what it left open.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        faults: its error callback.
        name: transactional id; never used by two at a time.
        batch_bytes: most of a batch of several messages, as the topics allow it.
        timeout_s: how long a message, and a step of a transaction, may take.
        open_ms: how long a transaction may stay open.
        waits: hears of it while messages wait; what it raises ends the waiting.
        monotonic_s: clock that tells how long it was.

    Attributes:
        ends: the offset after the last message that was sent to each topic and partition.

    Raises:
        Retry: the broker does not answer in time.
        Stop: it does not allow transactions.
    """

    def __init__(
        self,
        client: Mapping[str, Any],
        faults: Faults,
        *,
        name: str,
        batch_bytes: int,
        timeout_s: float,
        open_ms: int = TRANSACTION_TIMEOUT_MS,
        waits: Waits = unheard,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._faults = faults
        self._waits = waits
        self._monotonic_s = monotonic_s
        self._most_open_s = max(open_ms / 1_000, timeout_s)
        self._opened_s = 0.0
        self._refused: list[tuple[Any, KafkaError]] = []
        self._name = name
        self._timeout_s = timeout_s
        self._failed: KafkaError | None = None
        self._open = False
        self.ends: dict[tuple[str, int], int] = {}
        self._producer = Producer(
            {
                **client,
                "transactional.id": name,
                "transaction.timeout.ms": int(self._most_open_s * 1_000),
                "delivery.timeout.ms": int(timeout_s * 1_000),
                "message.max.bytes": MOST_BYTES,
                "batch.size": batch_bytes,
                "linger.ms": 2,
                "compression.type": "lz4",
            }
        )
        self._step(partial(self._producer.init_transactions, timeout_s))

    def send(self, message: Message) -> bool:
        """Send a message in the open transaction, or a new one.

        Returns:
            whether it was sent; False where it is larger than any broker takes.

        Raises:
            Retry: the broker does not take messages in time.
            BrokenTransactionError: what was sent since the last commit must be sent again, by
                another producer; what is raised so may be about messages before this one.
            Stop: the broker refuses them, or this producer, for good.
        """
        place = message.topic, ANY_PARTITION
        return self.send_to(place, message.value, message.key, message.headers, about=message)

    def send_to(
        self,
        place: tuple[str, int],
        value: bytes | None,
        key: bytes | None,
        headers: Headers | None,
        told: Callable[[Delivered], None] | None = None,
        about: Any = None,
    ) -> bool:
        """Send a message to a partition of a topic, as `send`.

        Args:
            place: topic and partition; `ANY_PARTITION` leaves it to the key.
            value: None for a tombstone.
            key: its key.
            headers: its headers.
            told: gets the message once it is delivered; `flush` waits for that.
            about: what a `RefusedMessagesError` tells of it.
        """
        if not self._open:
            self._step(self._producer.begin_transaction)
            self._open = True
            self._opened_s = self._monotonic_s()

        def delivered(error: KafkaError | None, sent: Delivered) -> None:
            self._delivered(error, sent)
            if error is not None and error.code() in REFUSALS:
                self._refused.append((about, error))
            if told is not None and error is None:
                told(sent)

        while True:
            try:
                self._producer.produce(
                    place[0],
                    value=value,
                    key=key,
                    partition=place[1],
                    headers=headers,
                    on_delivery=delivered,
                )
                self._producer.poll(0)
            except BufferError:
                # What fills the queue is delivered, or fails within the time limit.
                self._producer.poll(1.0)
                self._raise_failure()
            except KafkaException as error:
                if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    return False
                raise self._fault(error.args[0]) from None
            else:
                return True

    def flush(self) -> None:
        """Wait until what was sent is delivered, which does not make it visible.

        Raises:
            Retry: the broker does not take messages in time.
            Stop: the broker refuses them, or this producer, for good.
        """
        deadline_s = self._monotonic_s() + self._timeout_s
        left = 1
        while left and self._monotonic_s() < deadline_s:
            try:
                left = self._producer.flush(_LOOK_S)
            except KafkaException as error:  # the client can do no more
                raise self._fault(error.args[0]) from None
            self._raise_failure()
        if left:
            raise Retry(f"Kafka has not taken {left} messages within {self._timeout_s:g} s")

    def commit(self) -> None:
        """Make visible what was sent since the last commit.

        Raises:
            Retry: the broker did not commit in time; nothing is visible yet, or all of it.
            BrokenTransactionError: as for `send`.
            Stop: another producer of this name has begun, or the broker refuses for good.
        """
        if not self._open:
            return
        # To commit would wait for what was sent behind a message that is refused.
        self.flush()
        self._step(partial(self._producer.commit_transaction, self._timeout_s))
        self._raise_failure()
        self._open = False

    def abort(self) -> None:
        """Take back what was sent since the last commit, if the broker does it at once.

        If not, the next producer of the name does, or the broker when the transaction is too old.
        """
        if self._open:
            with suppress(KafkaException):
                self._producer.abort_transaction(min(self._timeout_s, _ABORT_S))
            self._open = False

    def _step(self, step: Callable[[], object]) -> None:
        for left in reversed(range(_TRIES)):
            try:
                step()
            except KafkaException as error:
                fault: KafkaError = error.args[0]
                if not (left and fault.retriable()):
                    raise self._fault(fault) from None
            else:
                return

    def _delivered(self, error: KafkaError | None, sent: Delivered) -> None:
        if error is not None:
            self._failed = self._failed or error
            return
        topic, number, offset = sent.topic(), sent.partition(), sent.offset()
        if topic is not None and number is not None and offset is not None:
            here = topic, number
            self.ends[here] = max(self.ends.get(here, 0), offset + 1)

    def _raise_failure(self) -> None:
        if self._failed is not None:
            raise self._fault(self._failed)
        if left := len(self._producer):
            self._waits(
                f"Kafka is yet to take {left} messages, for which it has {self._timeout_s:g} s"
                f" ({self._faults.reason('no answer')})"
            )

    def _fault(self, error: KafkaError) -> Retry | Stop:
        cause = error if self._refused else self._cause(error)
        code = cause.code()
        if code in REFUSALS:
            self._hear_of_refused()
        if self._refused:
            reason = refusal(self._refused[0][1])
            return RefusedMessagesError([message for message, _ in self._refused], reason)
        open_s = self._monotonic_s() - self._opened_s
        if code in LOST or (code in FENCED and self._open and open_s >= self._most_open_s):
            return LostProducerError(f"Kafka has lost producer {self._name!r}: {short(cause)}")
        if code in FENCED:
            return Stop(
                f"Kafka: another producer named {self._name!r} has begun: this pipeline runs twice;"
                " end one of the two"
            )
        if (
            cause.retriable() or cause.txn_requires_abort() or code == KafkaError._TIMED_OUT  # noqa: SLF001 - the client's public name
        ):
            reason = self._faults.reason(short(cause))
            return Retry(f"Kafka has not committed within {self._timeout_s:g} s: {reason}")
        return Stop(f"Kafka refuses transaction {self._name!r}: {short(cause)}")

    def _hear_of_refused(self) -> None:
        """Which messages were refused, as the client tells a moment after that some were."""
        deadline_s = self._monotonic_s() + self._timeout_s
        while not self._refused and self._monotonic_s() < deadline_s:
            self._producer.poll(_LOOK_S)

    def _cause(self, error: KafkaError) -> KafkaError:
        """Why the client can do no more, which it tells when it is asked to commit."""
        if error.code() not in VAGUE or not self._open:
            return error
        try:
            self._producer.commit_transaction(self._timeout_s)
        except KafkaException as told:
            cause: KafkaError = told.args[0]
            return cause
        return error
