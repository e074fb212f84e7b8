"""The refused messages themselves, as long as their topics keep them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import pairwise
from typing import Any

from confluent_kafka import Message

from connectors.kafka.letters.letter import Letter, Spot
from connectors.kafka.to_end import Place, TopicReader, UnreadError
from tidegauge.errors import UserMistake

_NEAR = 2_000
"""Reading on over so many messages is faster than to begin anew."""


def find_originals(
    client: Mapping[str, Any], letters: Iterable[Letter], timeout_s: float
) -> dict[str, Message]:
    """The message of each letter that is still in its topic, by the letter's id.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        letters: the letters.
        timeout_s: how long the broker may take to answer.

    Raises:
        UserMistake: the broker does not give them.
    """
    wanted: dict[Place, dict[int, Letter]] = {}
    for letter in letters:
        if (spot := letter.spot) is not None:
            wanted.setdefault((spot.topic, spot.partition), {})[spot.offset] = letter
    found: dict[str, Message] = {}
    with closing(TopicReader(client, timeout_s)) as reader:
        for place, by_offset in wanted.items():
            try:
                for message in _at(reader, place, sorted(by_offset)):
                    letter = by_offset[message.offset() or 0]
                    if _same(message, letter):
                        found[letter.id] = message
            except UnreadError as error:
                raise UserMistake(
                    f"Kafka topic {place[0]!r} was not read ({error}); see whether the broker is"
                    " well and lets this client read it"
                ) from None
    return found


def _at(reader: TopicReader, place: Place, offsets: list[int]) -> Iterator[Message]:
    """Messages at these ascending offsets, as far as they are there."""
    if place not in reader.partitions(place[0]):
        return
    low, end = reader.range(place)
    offsets = [offset for offset in offsets if low <= offset < end]
    while offsets:
        last = next(
            (one for one, after in pairwise(offsets) if after > one + _NEAR),
            offsets[-1],
        )
        near = {offset for offset in offsets if offset <= last}
        reader.begin({place: offsets[0]})
        for message in reader.to_end():
            offset = message.offset() or 0
            if offset in near:
                yield message
            if offset >= last:
                break
        offsets = [offset for offset in offsets if offset > last]


def _same(message: Message, letter: Letter) -> bool:
    """Whether it is the message of the letter, and not one of a topic made anew."""
    spot = letter.spot
    if spot is None or spot != Spot(letter.topic, message.partition() or 0, message.offset() or 0):
        return False
    value = message.value()
    if letter.whole and value != letter.payload:
        return False
    if letter.size is not None and len(value or b"") != letter.size:
        return False
    return letter.stamp_ms is None or letter.stamp_ms == max(message.timestamp()[1], 0)
