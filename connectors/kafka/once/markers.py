"""Where a part of an output began, for a start that has no saved position.

A process can be killed between the first commit to Kafka and the first snapshot of the engine. What
was committed is then known from the topic alone, from where the part once began. That is kept in a
compacted topic, a message a part.
"""

from collections.abc import Iterable

import orjson
from confluent_kafka import Message

from connectors.kafka.once.position import Offsets
from connectors.kafka.once.written import Written


def encode_marker(offsets: Offsets) -> bytes:
    """A marker's value: a list of topic, partition and offset."""
    return orjson.dumps([[*where, offset] for where, offset in sorted(offsets.items())])


def find_marker(written: Written, topic: str, part: str) -> Offsets | None:
    """Where the part began; None when it never did.

    Args:
        written: reads topics.
        topic: topic of the markers.
        part: the part.

    Raises:
        Retry: the broker did not answer in time.
    """
    start = dict.fromkeys(written.ends([topic]), 0)
    return _newest(written.messages(start), part.encode())


def _newest(messages: Iterable[Message], part: bytes) -> Offsets | None:
    found = None
    for message in messages:
        value = message.value()
        if message.key() == part and value is not None:
            found = {(topic, number): offset for topic, number, offset in orjson.loads(value)}
    return found
