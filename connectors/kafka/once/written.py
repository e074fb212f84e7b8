"""What was committed to the output topics, read back."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from confluent_kafka import Message
from confluent_kafka.admin import AdminClient

from connectors.kafka.identity import look_for
from connectors.kafka.once.position import Offsets
from connectors.kafka.to_end import TopicReader, UnreadError
from tidegauge.errors import Retry

IDENTITY = "id"
"""Header of a message: 16 bytes, the same for the same record in every run."""
PART = "part"
"""Header of a message: the part of the output that wrote it."""


class Written:
    """Reads output topics up to what is committed when it is asked.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        timeout_s: how long the broker may take to answer.
    """

    def __init__(self, client: Mapping[str, Any], timeout_s: float) -> None:
        self._client = client
        self._timeout_s = timeout_s

    def ends(self, topics: Iterable[str]) -> dict[tuple[str, int], int]:
        """The offset after the last message of every partition.

        Raises:
            Retry: the broker did not tell in time.
        """
        with closing(TopicReader(self._client, self._timeout_s)) as reader:
            try:
                places = [place for topic in sorted(topics) for place in reader.partitions(topic)]
                return {place: reader.range(place)[1] for place in places}
            except UnreadError as error:
                raise _untold(error) from None

    def topics(self, names: Iterable[str]) -> dict[str, str]:
        """What tells each topic from others of its name, as far as the broker tells it."""
        admin = AdminClient(dict(self._client))
        found = {name: look_for(admin, name, self._timeout_s) for name in sorted(names)}
        return {name: one.identity for name, one in found.items() if one and one.identity}

    def identities(self, part: str, since: Offsets) -> frozenset[bytes]:
        """Identities of the part's messages from these offsets on.

        Raises:
            Retry: the broker did not give them in time.
        """
        found = (_headers(message) for message in self.messages(since))
        return frozenset(
            headers[IDENTITY] for headers in found if headers.get(PART) == part.encode()
        )

    def messages(self, since: Offsets) -> Iterator[Message]:
        """Committed messages of every partition from its offset on, to its end.

        Raises:
            Retry: the broker did not give them in time.
        """
        with closing(TopicReader(self._client, self._timeout_s)) as reader:
            # What retention has deleted cannot come twice to anybody who reads from now on.
            reader.begin(since)
            try:
                yield from reader.to_end()
            except UnreadError as error:
                raise _untold(error) from None


def _untold(error: UnreadError) -> Retry:
    return Retry(f"Kafka did not tell what was written: {error}")


def _headers(message: Message) -> dict[str, Any]:
    return dict(message.headers() or [])
