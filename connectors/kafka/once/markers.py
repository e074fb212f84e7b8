"""Where a part of an output began, for a start that has no saved position.

A process can be killed between the first commit to Kafka and the first snapshot of the engine. What
was committed is then known from the topic alone, from where the part once began. That is kept in a
compacted topic, a message a part.
"""

from collections.abc import Iterable, Mapping

import orjson
from confluent_kafka import Message

from connectors.kafka.once.position import Offsets, of_same_topics
from connectors.kafka.once.written import Written


def encode_marker(offsets: Offsets, topics: Mapping[str, str]) -> bytes:
    """A marker's value: a list of topic, partition, offset and what tells the topic from others."""
    places = sorted(offsets.items())
    return orjson.dumps([[*where, offset, topics.get(where[0])] for where, offset in places])


def find_marker(
    written: Written, topic: str, part: str, topics: Mapping[str, str]
) -> Offsets | None:
    """Where the part began, in topics that are still the same; None when it never did.

    Args:
        written: reads topics.
        topic: topic of the markers.
        part: the part.
        topics: what tells each of its topics from others of the name.

    Raises:
        Retry: the broker did not answer in time.
    """
    start = dict.fromkeys(written.ends([topic]), 0)
    return _newest(written.messages(start), part.encode(), topics)


def _newest(messages: Iterable[Message], part: bytes, topics: Mapping[str, str]) -> Offsets | None:
    found = None
    for message in messages:
        value = message.value()
        if message.key() == part and value is not None:
            # Markers of earlier versions do not tell of which topic they are.
            found = [(*place, None)[:4] for place in orjson.loads(value)]
    if found is None:
        return None
    offsets = {(topic, number): offset for topic, number, offset, _ in found}
    saved = {topic: identity for topic, _, _, identity in found if identity is not None}
    return of_same_topics(offsets, saved, topics)
