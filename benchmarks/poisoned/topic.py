"""The messages: those of the shop, more poison of every kind among them, and what it becomes."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaException

from tests.dataflows.shop.events import BUSY, Message, tell
from tests.dataflows.shop.poison import POISON
from tests.dataflows.shop.truth import Truth, truth_of
from tests.services.kafka import Kafka

SHARE = 0.01
"""Part of all messages that is refused."""
HUGE = 900_000
"""Characters of a huge message, just below what a broker takes unless told otherwise."""
_HUGE_OF = 20_000
"""There is one huge message in so many."""
_FLUSH_S = 60.0

Value = bytes | None
Sent = tuple[int, bytes | None, Value]
"""Partition, key and value of a message."""


@dataclass(frozen=True)
class Poisoned:
    """Messages, and what a flow must make of them.

    Attributes:
        clean: the messages that are no poison.
        messages: the same with the poison between them, in the order of their production.
        refused: kind of dead letter and payload of each that is refused, by partition and offset.
        truth: window rows of both.
    """

    clean: list[Sent]
    messages: list[Sent]
    refused: dict[tuple[int, int], tuple[str, Value]]
    truth: Truth


def poisoned(count: int, seed: int = 1) -> Poisoned:
    """About so many messages, of which `SHARE` is refused: broken, of wrong types, late.

    The same events are in both topics, so that the same window rows must come of them.
    """
    chance = random.Random(seed)
    story = tell(count, seed, partitions=BUSY)
    kinds = {(partition, offset): kind for partition, offset, kind in story.dead_letters}
    more = max(round(SHARE * count) - len(kinds), len(_MORE)) / count
    clean: list[Sent] = []
    messages: list[Sent] = []
    refused: dict[tuple[int, int], tuple[str, Value]] = {}
    told, written = Counter[int](), Counter[int]()

    def add(sent: Sent, kind: str | None) -> None:
        partition = sent[0]
        if kind is not None:
            refused[partition, written[partition]] = kind, sent[2]
        written[partition] += 1
        messages.append(sent)

    for number, message in enumerate(story.messages):
        kind = kinds.get((message.partition, told[message.partition]))
        told[message.partition] += 1
        sent = _sent(message)
        add(sent, kind)
        if kind is None:
            clean.append(sent)
        if number % _HUGE_OF == _HUGE_OF // 2:
            add((message.partition, sent[1], b'{"note":"' + b"x" * HUGE), "broken")
        if chance.random() < more:
            kind, value = chance.choice(_MORE)
            add((message.partition, chance.choice([sent[1], None]), value()), kind)
    return Poisoned(clean, messages, refused, truth_of(story))


def fill(kafka: Kafka, topic: str, messages: Iterable[Sent]) -> None:
    """Make a topic and write messages into it.

    Raises:
        KafkaException: the broker did not take them.
    """
    kafka.topic(topic, partitions=1 + max(BUSY))
    producer = kafka.producer()
    for partition, key, value in messages:
        while True:
            try:
                producer.produce(topic, value, key, partition)
                break
            except BufferError:
                producer.poll(0.1)
    if left := producer.flush(_FLUSH_S):
        raise KafkaException(f"{left} messages were not written")


def _sent(message: Message) -> Sent:
    key = None if message.key is None else message.key.encode()
    value = message.value
    return message.partition, key, None if value is None else _bytes(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _of_shop(spoil: Callable[[dict[str, object]], str | None]) -> Callable[[], Value]:
    def made() -> Value:
        text = spoil({"ts": 1_700_000_000_000, "shop": "a", "status": "ok", "amount": 1.0})
        return None if text is None else _bytes(text)

    return made


_MORE: list[tuple[str, Callable[[], Value]]] = [
    *((kind, _of_shop(spoil)) for kind, spoil in POISON),
    ("broken", lambda: b"\xff\xfe\x00"),
    ("broken", lambda: b"\x00" * 64),
    ("broken", lambda: b'{"shop":' * 2_000),
    ("tombstone", lambda: None),
]
