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
        identity: 16 bytes that name the record, the same in every run; empty for none.
    """

    topic: str
    key: bytes
    value: bytes
    headers: Headers | None = None
    identity: bytes = b""
