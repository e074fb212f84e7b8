"""A dead letter as it is in its topic."""

import base64
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson
import xxhash
from confluent_kafka import Message

NOT_ONE_MESSAGE = frozenset({"too_many_keys", "too_many_runs", "unreadable"})
"""Kinds that tell of events which other windows and patterns have counted, or of messages that
nobody can read; some of kind `late` do the first, too."""


QUARANTINED = "quarantined"
"""Kind that tells of all messages which were refused within a block of offsets."""


class Spot(NamedTuple):
    """Where a message is."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}@{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter.

    Attributes:
        id: the same for the same letter in every run.
        at_ms: when it was written, milliseconds since the epoch.
        stamp_ms: Kafka timestamp of the refused message; None where there is no single one.
        kind: why it was refused, in a word.
        reason: why, in a sentence.
        detail: what programs want to know beside that.
        topic: where the refused message is.
        partition: as above; None where there is no single one.
        offset: as above.
        text: the payload as it is in the letter.
        encoding: of `text`.
        size: bytes of the payload; None for a tombstone, and in letters of earlier versions.
        attempt: 1 for a message as it first came, one more each time it was sent again; None where
            there is no single message, and in letters of earlier versions.
        origin: where it first came; None as above.
        key_text: its key as it is in the letter.
        key_encoding: of `key_text`.
    """

    id: str
    at_ms: int
    stamp_ms: int | None
    kind: str
    reason: str
    detail: Any
    topic: str
    partition: int | None
    offset: int | None
    text: str | None
    encoding: str | None
    size: int | None
    attempt: int | None = None
    origin: str | None = None
    key_text: str | None = None
    key_encoding: str | None = None

    @property
    def of_many(self) -> bool:
        """Whether it is about events that an operator did not take, and not about a message."""
        return self.kind in NOT_ONE_MESSAGE or (
            isinstance(self.detail, dict) and "events" in self.detail
        )

    @property
    def messages(self) -> tuple["Letter", ...]:
        """A letter about each message, where this one is about those of a quarantine."""
        if self.kind != QUARANTINED or not isinstance(self.detail, dict):
            return ()
        runs = self.detail.get("offsets", ())
        offsets = (offset for first, last in runs for offset in range(first, last + 1))
        return tuple(
            replace(
                self,
                id=xxhash.xxh3_128_hexdigest(f"{self.id} {offset}".encode()),
                stamp_ms=None,
                detail=None,
                offset=offset,
                origin=f"{self.topic}-{self.partition}@{offset}",
            )
            for offset in offsets
        )

    @property
    def spot(self) -> Spot | None:
        """Where the refused message is, if it is a single one."""
        if self.of_many or self.partition is None or self.offset is None:
            return None
        return Spot(self.topic, self.partition, self.offset)

    @property
    def whole(self) -> bool:
        """Whether the letter holds the payload as it was: all of it, and not its hashes."""
        if self.spot is None:
            return False
        if self.kind == "tombstone":
            return True
        payload = self.payload
        return payload is not None and (self.size is None or self.size == len(payload))

    @property
    def payload(self) -> bytes | None:
        """The payload as far as the letter holds it; None where that is nothing."""
        return _bytes(self.text, self.encoding)

    @property
    def message_key(self) -> bytes | None:
        """The message's key; None where it has none, or the letter does not hold it."""
        return _bytes(self.key_text, self.key_encoding)


def _bytes(text: str | None, encoding: str | None) -> bytes | None:
    if text is None:
        return None
    if encoding == "base64":
        return base64.b64decode(text)
    return text.encode() if encoding == "utf-8" else None


def read_letter(message: Message) -> Letter | None:
    """The letter of a message; None for what is none."""
    try:
        found = orjson.loads(message.value() or b"")
        kind, topic, partition, offset = (
            found[name] for name in ("kind", "topic", "partition", "offset")
        )
        time_ns, detail = found.get("time_ns"), found.get("detail")
        # Letters of earlier versions have no id.
        origin = f"{kind} {topic} {partition} {offset}".encode()
        return Letter(
            id=found.get("id") or xxhash.xxh3_128_hexdigest(origin),
            at_ms=message.timestamp()[1],
            stamp_ms=None if time_ns is None else time_ns // 1_000_000,
            kind=kind,
            reason=found["reason"],
            detail=orjson.loads(detail) if detail else None,
            topic=topic,
            partition=partition,
            offset=offset,
            text=found["payload"],
            encoding=found["encoding"],
            size=found.get("size"),
            attempt=found.get("attempt"),
            origin=found.get("origin"),
            key_text=found.get("key"),
            key_encoding=found.get("key_encoding"),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
