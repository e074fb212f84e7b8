"""Refused records as rows of the dead-letter signal."""

import base64
from dataclasses import dataclass

import polars as pl

from operators.intake.sensitive import WITHHELD, SensitiveFields
from tidegauge.batch import Attempt, RawBatch, stamp_ns
from tidegauge.payloads import MOST_BYTES, letter_reason

_SCHEMA = {
    "time_ns": pl.Int64,
    "kind": pl.String,
    "topic": pl.String,
    "partition": pl.Int64,
    "offset": pl.Int64,
    "origin": pl.String,
    "attempt": pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
    "payload": pl.String,
    "encoding": pl.String,
    "size": pl.Int64,
    "key": pl.String,
    "key_encoding": pl.String,
}
MOST_KEY_BYTES = 4_096
"""A longer key is left out."""
NONE_REFUSED = pl.DataFrame(schema=_SCHEMA)


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused record with everything needed to look at it and send it again.

    `detail` is what programs want to know beside the reason, as JSON. `key` is the message's;
    `again` tells how often it came, if it was sent again. `awaited_ns` is the watermark that it was
    late for.
    """

    kind: str
    offset: int
    reason: str
    payload: bytes | None
    appended_ms: int
    detail: str | None = None
    key: bytes | None = None
    again: Attempt | None = None
    awaited_ns: int | None = None


def refuse(
    raw: RawBatch, position: int, kind: str, reason: str, detail: str | None = None
) -> Refused:
    """The message at a position of a batch, refused."""
    payload, appended_ms = raw.payloads[position], raw.appended_ms[position]
    key = raw.keys[position] if raw.keys else None
    about = detail, key, raw.again.get(position)
    told = letter_reason(reason)
    return Refused(kind, raw.offsets[position], told, payload, appended_ms, *about)


def dead_letter_frame(
    topic: str, partition: int, refused: list[Refused], sensitive: SensitiveFields | None = None
) -> pl.DataFrame:
    """Rows of the dead-letter signal, in offset order; of sensitive fields they hold hashes.

    A record's time is its Kafka timestamp, which its producer may have set to anything; the offset
    fills the nanoseconds below the millisecond, so that two refused records of one partition are
    never the same point.
    """
    if not refused:
        return NONE_REFUSED
    refused = sorted(refused, key=lambda record: record.offset)
    shown = _text if sensitive is None else sensitive.payload
    texts = [shown(record.payload) for record in refused]
    keys = [shown_key(record.key, sensitive) for record in refused]
    before = [r.again or Attempt(1, f"{topic}-{partition}@{r.offset}") for r in refused]
    return pl.DataFrame(
        {
            "time_ns": [_time_ns(record) for record in refused],
            "kind": [r.kind for r in refused],
            "topic": [topic] * len(refused),
            "partition": [partition] * len(refused),
            "offset": [r.offset for r in refused],
            "origin": [one.origin for one in before],
            "attempt": [one.number for one in before],
            "reason": [r.reason for r in refused],
            "detail": [r.detail for r in refused],
            "payload": [text for text, _ in texts],
            "encoding": [encoding for _, encoding in texts],
            "size": [None if r.payload is None else len(r.payload) for r in refused],
            "key": [text for text, _ in keys],
            "key_encoding": [encoding for _, encoding in keys],
        },
        schema=_SCHEMA,
    )


def _time_ns(record: Refused) -> int:
    return stamp_ns(record.appended_ms) + record.offset % 1_000_000


def shown_key(
    key: bytes | None, sensitive: SensitiveFields | None
) -> tuple[str | None, str | None]:
    """A message's key as a letter shows it, and how that is encoded."""
    return _key(key) if sensitive is None else sensitive.key(key)


def _key(key: bytes | None) -> tuple[str | None, str | None]:
    """A key as text, and how it is encoded; none of one that is too long."""
    return (None, WITHHELD) if key is not None and len(key) > MOST_KEY_BYTES else _text(key)


def _text(payload: bytes | None) -> tuple[str | None, str | None]:
    """A payload as text, and how it is encoded; at most `MOST_BYTES` of it."""
    if payload is None:
        return None, None
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return base64.b64encode(payload[:MOST_BYTES]).decode(), "base64"
    if len(payload) > MOST_BYTES:
        text = payload[:MOST_BYTES].decode(errors="ignore")
    return text, "utf-8"
