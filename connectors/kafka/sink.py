"""Messages into Kafka, as a Bytewax sink that knows what was delivered."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as Delivered

from connectors.codecs.frames import merged
from connectors.codecs.messages import Message
from connectors.kafka.client import Faults, client_config, short
from connectors.kafka.once.broken import LOST
from connectors.kafka.refusals import MOST_BYTES, REFUSALS, refusal
from connectors.partitions import PARTS, RecordPart, RecordSink, Waits, unheard
from tidegauge.errors import Retry, Stop
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings

Encoder = Callable[[RecordBatch], Iterable[Message]]
Rejected = Callable[[Message, str], None]
"""Takes each message that the broker can never take, and why; it is kept when it returns."""

DELIVERY_TIMEOUT_S = 30.0
"""How long a message may take to be stored by the broker."""

_PRODUCER_CONFIG: dict[str, Any] = {
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 2,
    "compression.type": "lz4",
    "message.max.bytes": MOST_BYTES,
    # While the broker is away so much waits, and then the flow does.
    "queue.buffering.max.kbytes": 262_144,
    # A call for every message would cost more than sending it.
    "delivery.report.only.error": True,
}
_CLOSE_S = 1.0
_LOOK_S = 0.2
"""How often a part that waits looks whether that is worthwhile."""
_PASSING = frozenset(
    {
        KafkaError._MSG_TIMED_OUT,  # noqa: SLF001 - the library's public name, as those below
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError._TRANSPORT,  # noqa: SLF001
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
    }
)


class KafkaSink(RecordSink):
    """Sends the messages that `encoder` makes of records; stored they are at the epoch's end.

    A message that is written again after a restart comes twice, with the same `id` in its value
    or the same origin in its headers.

    Args:
        settings: where the broker is.
        encoder: makes messages of records, for instance `connectors.kafka.routes.Routes`.
        rejected: takes each message that the topic refuses, such as for its size.
        timeout_s: how long a message may take to be stored.
        parts: number of parts.
        waits: hears of it while a part waits; what it raises ends the waiting.
    """

    def __init__(
        self,
        settings: Settings,
        encoder: Encoder,
        rejected: Rejected,
        *,
        timeout_s: float = DELIVERY_TIMEOUT_S,
        parts: int = PARTS,
        waits: Waits = unheard,
    ) -> None:
        super().__init__(parts)
        self._waits = waits
        self._settings = settings
        self._encoder = encoder
        self._rejected = rejected
        self._timeout_s = timeout_s

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "KafkaPart":
        """A part with a producer of its own."""
        return KafkaPart(
            self._settings, self._encoder, self._rejected, self._timeout_s, self._waits
        )


class KafkaPart(RecordPart):
    """One part: sends batches without waiting, and at an epoch's end waits until all are stored.

    The engine commits an epoch after the snapshots of its sinks, so what an epoch sent is stored
    before the position after it is.
    """

    def __init__(
        self,
        settings: Settings,
        encoder: Encoder,
        rejected: Rejected,
        timeout_s: float,
        waits: Waits = unheard,
    ) -> None:
        self._waits = waits
        self._encoder = encoder
        self._rejected = rejected
        self._timeout_s = timeout_s
        self._faults = Faults()
        self._failed: tuple[KafkaError, str] | None = None
        self._refused: list[tuple[Message, str]] = []
        config = {
            **_PRODUCER_CONFIG,
            **client_config(settings, self._faults),
            "delivery.timeout.ms": int(timeout_s * 1_000),
        }
        self._producer = Producer(config)

    def write_batch(self, values: list[RecordBatch]) -> None:
        """Send the messages of the records.

        Raises:
            Retry: the broker did not store earlier ones in time.
            Stop: the broker refuses them, or this producer, for good.
        """
        for batch in merged(values):
            for message in self._encoder(batch):
                self._send(message)
        self._poll(0)

    def snapshot(self) -> None:
        """Wait until the broker has stored what was sent.

        Raises:
            Retry: the broker did not store it in time.
            Stop: the broker refuses it, or this producer, for good.
        """
        self._wait()
        # A batch of the client's may have been refused for one of its messages, or for its size:
        # each on its own tells.
        together, self._refused = self._refused, []
        for message, _ in together:
            self._send(message)
            self._wait()
        alone, self._refused = self._refused, []
        for message, reason in alone:
            self._rejected(message, reason)

    def close(self) -> None:
        """Send what is still on its way, as far as that takes a moment; nobody waits for it.

        What is lost so belongs to an epoch that was not finished, and is made again.
        """
        with suppress(KafkaException):
            self._producer.flush(_CLOSE_S)

    def _send(self, message: Message) -> None:
        while True:
            try:
                self._producer.produce(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    headers=message.headers,
                    on_delivery=partial(self._delivered, message),
                )
            except BufferError:
                # The queue is full; what is in it is delivered or fails within the time limit.
                self._poll(1.0)
                self._tell_waiting(len(self._producer))
            except KafkaException as error:
                if error.args[0].code() not in REFUSALS:
                    raise self._fault(error.args[0], message.topic) from None
                self._refused.append((message, refusal(error.args[0])))
                return
            else:
                return

    def _wait(self) -> None:
        # The client fails what is not delivered in time; the margin is for its telling so.
        deadline_s = time.monotonic() + self._timeout_s + 5
        left = 1
        while left and time.monotonic() < deadline_s:
            try:
                left = self._producer.flush(_LOOK_S)
            except KafkaException as error:  # the client can do no more
                raise self._given_up(error.args[0]) from None
            self._raise_failure()
            if left:
                self._tell_waiting(left)
        if left:
            raise Retry(f"Kafka has not stored {left} messages in {self._timeout_s:g} s")

    def _tell_waiting(self, left: int) -> None:
        self._waits(
            f"Kafka is yet to store {left} messages, for which it has {self._timeout_s:g} s"
            f" ({self._faults.reason('no answer')})"
        )

    def _poll(self, wait_s: float) -> None:
        try:
            self._producer.poll(wait_s)
        except KafkaException as error:
            raise self._given_up(error.args[0]) from None
        self._raise_failure()

    def _delivered(self, message: Message, error: KafkaError | None, sent: Delivered) -> None:
        if error is None:
            return
        if error.code() in REFUSALS:
            self._refused.append((message, refusal(error)))
        elif self._failed is None:
            self._failed = error, message.topic

    def _raise_failure(self) -> None:
        if self._failed is not None:
            raise self._fault(*self._failed)

    def _fault(self, error: KafkaError, topic: str) -> Retry | Stop:
        if self._faults.fatal is not None:
            return self._given_up(self._faults.fatal)
        if error.retriable() or error.code() in _PASSING:
            reason = self._faults.reason(short(error))
            return Retry(
                f"Kafka has not stored messages for topic {topic!r} in {self._timeout_s:g} s: "
                f"{reason}"
            )
        return Stop(f"Kafka refuses messages for topic {topic!r}: {short(error)}")

    def _given_up(self, error: KafkaError) -> Retry | Stop:
        """The fault after which the client sends nothing more; another one may."""
        if error.code() in LOST:
            return Retry(f"Kafka has lost the producer: {short(error)}")
        return Stop(f"Kafka refuses this producer for good: {short(error)}")
