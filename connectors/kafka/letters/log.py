"""All letters of a pipeline, with what became of each."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from confluent_kafka import Message

from connectors.kafka.letters.letter import Letter, Spot, read_letter
from connectors.kafka.letters.marks import Mark, State, read_mark
from connectors.kafka.to_end import TopicReader, UnreadError
from tidegauge.errors import UserMistake


@dataclass(frozen=True, slots=True)
class Entry:
    """A letter and its history.

    Attributes:
        letter: the letter.
        mark: what was done with it; None while it is open.
        attempt: 1 for a message as it first came, one more each time it was sent again.
        origin: where it first came.
        messages: an entry for each message, where the letter is about those of a quarantine.
    """

    letter: Letter
    mark: Mark | None
    attempt: int
    origin: str
    messages: tuple["Entry", ...] = ()

    @property
    def state(self) -> State:
        """What became of it."""
        return self.mark.state if self.mark is not None else State.OPEN


class LetterLog:
    """Reads letters and marks.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        letters: topic of the letters.
        marks: topic of the marks; None where there is none yet.
        timeout_s: how long the broker may take to answer.
    """

    def __init__(
        self, client: Mapping[str, Any], letters: str, marks: str | None, timeout_s: float
    ) -> None:
        self._client = client
        self._letters = letters
        self._marks = marks
        self._timeout_s = timeout_s

    def entries(self) -> Iterator[Entry]:
        """Every letter once, in the order of each partition of their topic.

        Raises:
            UserMistake: the broker does not give them.
        """
        marks = self.marks()
        links = {spot: mark for mark in marks.values() for spot in mark.sent}
        seen: set[str] = set()
        for message in self._messages(self._letters):
            letter = read_letter(message)
            # What is written again after a crash has the same id.
            if letter is not None and letter.id not in seen:
                seen.add(letter.id)
                yield _with_messages(_entry(letter, marks.get(letter.id), links), marks)

    def marks(self) -> dict[str, Mark]:
        """The newest mark of each letter that has one.

        Raises:
            UserMistake: the broker does not give them.
        """
        if self._marks is None:
            return {}
        found = (read_mark(message) for message in self._messages(self._marks))
        return {mark.id: mark for mark in found if mark is not None}

    def _messages(self, topic: str) -> Iterator[Message]:
        with closing(TopicReader(self._client, self._timeout_s)) as reader:
            try:
                reader.begin(dict.fromkeys(reader.partitions(topic), 0))
                yield from reader.to_end()
            except UnreadError as error:
                raise UserMistake(
                    f"Kafka topic {topic!r} was not read to its end ({error}); see whether the"
                    " broker is well and lets this client read it"
                ) from None


def _with_messages(entry: Entry, marks: Mapping[str, Mark]) -> Entry:
    """A letter about many messages is handled when all of them are."""
    own = entry.mark
    messages = tuple(
        Entry(one, marks.get(one.id, own), 1, one.origin or "") for one in entry.letter.messages
    )
    if messages and own is None and all(one.mark is not None for one in messages):
        own = messages[-1].mark
    return replace(entry, mark=own, messages=messages)


def _entry(letter: Letter, mark: Mark | None, links: Mapping[Spot, Mark]) -> Entry:
    spot = letter.spot
    if letter.attempt is not None and letter.origin is not None:
        return Entry(letter, mark, letter.attempt, letter.origin)
    # Letters of earlier versions do not tell.
    before = links.get(spot) if spot is not None else None
    where = str(spot) if spot is not None else letter.topic
    return Entry(
        letter,
        mark,
        before.attempt if before is not None else 1,
        before.origin if before is not None else where,
    )
