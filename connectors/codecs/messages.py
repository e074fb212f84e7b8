"""What an encoder makes of records, before a client sends it."""

from typing import NamedTuple

Headers = list[tuple[str, str | bytes | None]]


class Message(NamedTuple):
    """A message for Kafka.

    Attributes:
        topic: where it goes.
        key: messages with the same key stay in order.
        value: the encoded record.
        headers: name and value, in order.
    """

    topic: str
    key: bytes
    value: bytes
    headers: Headers | None = None
