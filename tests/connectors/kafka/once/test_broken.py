"""A transaction that is lost: a new producer sends the epoch once more, and nothing comes twice."""

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from connectors.codecs.messages import Message
from connectors.kafka.once import open_messages
from connectors.kafka.once.open_messages import OpenMessages
from connectors.kafka.once.sink import OncePart, OnceSink, Outlet
from tests.connectors.samples import batch, record
from tests.services import kafka as kafka_service
from tests.services import kafka_package
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until

FORGETFUL = {
    "transactional.id.expiration.ms": "5000",
    "transaction.remove.expired.transaction.cleanup.interval.ms": "200",
    "producer.id.expiration.ms": "5000",
    "producer.id.expiration.check.interval.ms": "200",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "200",
}
PATIENCE_S = 120


@pytest.fixture(scope="module")
def forgetful() -> Iterator[Kafka]:
    """A broker that soon forgets producers that do not write."""
    try:
        with kafka_package.process(kafka_service.answers, FORGETFUL) as address:
            yield Kafka(address)
    except ServerUnavailableError as error:
        pytest.skip(f"no Kafka of one's own: {error}")


class Output:
    """A part that sends what it is told to."""

    def __init__(self, kafka: Kafka, *, open_ms: int = 60_000, largest: int = 1_000_000) -> None:
        self.kafka = kafka
        self.topic = kafka.topic(partitions=1, config={"max.message.bytes": str(largest)})
        markers = kafka.topic(partitions=1, config={"cleanup.policy": "compact"})
        self.outlet = Outlet(
            {"bootstrap.servers": kafka.bootstrap},
            unique("output"),
            frozenset({self.topic}),
            markers,
            batch_bytes=largest,
            open_ms=open_ms,
        )
        self.next: list[bytes] = []
        self.refused: list[tuple[bytes, str]] = []

    def start(self) -> OncePart:
        sink = OnceSink(self.outlet, lambda _: self._messages(), self._reject)
        return sink.build_part("out", "00", None)

    def write(self, part: OncePart, *values: bytes) -> None:
        self.next = list(values)
        part.write_batch([batch(record())])

    def seen(self) -> list[bytes]:
        return [message.value() or b"" for message in self.kafka.read(self.topic)]

    def assert_seen(self, *expected: bytes) -> None:
        wait_until(lambda: len(self.seen()) >= len(expected), seconds=PATIENCE_S)
        assert self.seen() == list(expected)

    def _messages(self) -> list[Message]:
        return [
            Message(self.topic, b"k", value, identity=value[:16].ljust(16)) for value in self.next
        ]

    def _reject(self, message: Message, reason: str) -> None:
        self.refused.append((message.value, reason))


def forgotten(kafka: Kafka, name: str) -> bool:
    """Whether the broker has put a tombstone for a transactional id."""
    found = kafka.read("__transaction_state")
    return any(name.encode() in (one.key() or b"") and one.value() is None for one in found)


@pytest.mark.services
def test_a_producer_that_the_broker_has_forgotten_is_made_anew_and_nothing_is_lost(
    forgetful: Kafka,
) -> None:
    output = Output(forgetful)
    part = output.start()
    output.write(part, b"1")
    part.snapshot()
    first = part._transactions
    name = f"{output.outlet.name}-00"
    assert wait_until(lambda: forgotten(forgetful, name), seconds=PATIENCE_S)
    output.write(part, b"2", b"3")
    output.write(part, b"4")
    part.snapshot()
    assert part._transactions is not first
    output.write(part, b"5")
    part.snapshot()
    output.assert_seen(b"1", b"2", b"3", b"4", b"5")


def test_a_transaction_that_the_broker_has_ended_for_its_age_is_sent_again(kafka: Kafka) -> None:
    output = Output(kafka, open_ms=1_000)
    output.outlet = replace(output.outlet, timeout_s=1.0)
    part = output.start()
    output.write(part, b"1")
    part.snapshot()
    output.write(part, b"2", b"3")
    # A message behind the open transaction is seen once the broker has ended that.
    other = kafka.producer()
    other.produce(output.topic, b"plain", partition=0)
    other.flush()
    assert wait_until(lambda: b"plain" in output.seen(), seconds=PATIENCE_S)
    output.write(part, b"4")
    part.snapshot()
    output.assert_seen(b"1", b"plain", b"2", b"3", b"4")


def test_messages_that_the_broker_refuses_within_a_transaction_are_told_and_the_rest_is_seen(
    kafka: Kafka,
) -> None:
    output = Output(kafka)
    part = output.start()
    output.write(part, b"1")
    part.snapshot()
    output.kafka.limit_messages(output.topic, 2_000)
    large = [b"%d" % number + os.urandom(3_000) for number in range(2)]
    output.write(part, b"2", large[0], b"3", large[1], b"4")
    part.snapshot()
    output.write(part, b"5")
    part.snapshot()
    output.assert_seen(b"1", b"2", b"3", b"4", b"5")
    reason = "larger than the topic's max.message.bytes"
    assert output.refused == [(one, reason) for one in large]


def test_what_compresses_below_the_limit_of_its_topic_is_sent(kafka: Kafka) -> None:
    output = Output(kafka, largest=2_000)
    part = output.start()
    compressible, random = b"1" + b"x" * 30_000, b"2" + os.urandom(3_000)
    output.write(part, compressible, random, b"3")
    part.snapshot()
    output.assert_seen(compressible, b"3")
    assert [message for message, _ in output.refused] == [random]


def test_a_message_that_is_refused_unheard_is_found_when_the_next_is_written(kafka: Kafka) -> None:
    output = Output(kafka, largest=2_000)
    part = output.start()
    large = os.urandom(3_000)
    output.write(part, large)
    # The client knows, and nobody has asked it since.
    producer = part._transactions._producer
    assert wait_until(lambda: is_broken(producer), seconds=PATIENCE_S)
    output.write(part, b"1")
    part.snapshot()
    output.assert_seen(b"1")
    assert [message for message, _ in output.refused] == [large]


def is_broken(producer: Producer) -> bool:
    """Whether the open transaction is, by a call that hears of no delivery."""
    with pytest.raises(KafkaException) as error:
        producer.begin_transaction()
    fault: KafkaError = error.value.args[0]
    return fault.code() == KafkaError.MSG_SIZE_TOO_LARGE


def test_many_messages_that_are_refused_are_each_found_among_many_that_are_not(
    kafka: Kafka,
) -> None:
    output = Output(kafka, largest=2_000)
    part = output.start()
    large = [b"%03d" % number + os.urandom(3_000) for number in range(20)]
    small = [b"small %03d" % number for number in range(20)]
    folded = [b"folded %03d" % number + b"x" * 9_000 for number in range(20)]
    output.write(part, *(one for three in zip(large, small, folded, strict=True) for one in three))
    part.snapshot()
    output.assert_seen(*(one for two in zip(small, folded, strict=True) for one in two))
    assert [message for message, _ in output.refused] == large


def test_a_refusal_in_an_epoch_with_more_than_is_kept_is_no_end(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_messages, "MOST_BYTES", 20_000)
    output = Output(kafka, largest=7_000)
    part = output.start()
    values = [b"%02d" % number + os.urandom(6_000) for number in range(9)]
    large = b"large" + os.urandom(9_000)
    output.write(part, *values[:7], large, *values[7:])
    part.snapshot()
    output.assert_seen(*values)
    assert [message for message, _ in output.refused] == [large]


def test_messages_are_kept_up_to_a_bound_and_a_single_one_always() -> None:
    kept, half = OpenMessages(), b"x" * (open_messages.MOST_BYTES // 2)
    one, other = (Message("t", b"", half, identity=name) for name in (b"1", b"2"))
    assert kept.add(one)
    assert kept.add(other)
    more = Message("t", b"", b"y")
    assert not kept.add(more)
    kept.leave_out(one)
    assert kept.add(more)
    assert kept.messages == [other, more]
    assert kept.after(other) == [more]
    kept.begin()
    assert kept.add(Message("t", b"", half * 3))
    assert not kept.add(more)
