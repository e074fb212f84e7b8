"""Where a part of an output began, for a start that has no saved position.

A process can be killed between the first commit to Kafka and the first snapshot of the engine. What
was committed is then known from the topic alone, from where the part once began. That is kept in a
compacted topic, a message a part.

Records of a source topic that was made anew are others, though they may have the identities of old
ones. So a marker tells which topics the records were made of, too.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from confluent_kafka import Message

from connectors.kafka.once.position import Offsets, of_same_topics
from connectors.kafka.once.written import Written

_VERSION = 2


class Marker(NamedTuple):
    """What is kept of a part.

    Attributes:
        offsets: where its first message can be.
        sources: what tells each source topic from others of its name; a marker of the first version
            knows none.
    """

    offsets: Offsets
    sources: Mapping[str, str] = {}

    def made_anew(self, sources: Mapping[str, str]) -> list[str]:
        """Source topics that were made anew since."""
        return sorted(
            topic
            for topic, identity in sources.items()
            if self.sources.get(topic, identity) != identity
        )


def encode_marker(marker: Marker, topics: Mapping[str, str]) -> bytes:
    """A marker's value.

    Args:
        marker: the marker.
        topics: what tells each of its output topics from others of the name.
    """
    places = sorted(marker.offsets.items())
    return orjson.dumps(
        {
            "version": _VERSION,
            "begin": [[*where, offset, topics.get(where[0])] for where, offset in places],
            "sources": dict(marker.sources),
        }
    )


def find_marker(
    written: Written, topic: str, part: str, topics: Mapping[str, str]
) -> Marker | None:
    """Where the part began, in output topics that are still the same; None when it never did.

    Args:
        written: reads topics.
        topic: topic of the markers.
        part: the part.
        topics: what tells each of its output topics from others of the name.

    Raises:
        Retry: the broker did not answer in time.
    """
    start = dict.fromkeys(written.ends([topic]), 0)
    return _newest(written.messages(start), part.encode(), topics)


def _newest(messages: Iterable[Message], part: bytes, topics: Mapping[str, str]) -> Marker | None:
    found = None
    for message in messages:
        value = message.value()
        if message.key() == part and value is not None:
            found = orjson.loads(value)
    if found is None:
        return None
    # The first version was the list alone, at first without what tells the topics from others.
    content: dict[str, Any] = found if isinstance(found, dict) else {"begin": found, "sources": {}}
    begin = [(*place, None)[:4] for place in content["begin"]]
    offsets = {(topic, number): offset for topic, number, offset, _ in begin}
    saved = {topic: identity for topic, _, _, identity in begin if identity is not None}
    return Marker(of_same_topics(offsets, saved, topics), content["sources"])
