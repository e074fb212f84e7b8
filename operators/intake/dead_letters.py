"""Refused records as rows of the dead-letter signal."""

import base64
from dataclasses import dataclass

import polars as pl

from operators.intake.sensitive import SensitiveFields
from tidegauge.batch import RawBatch, stamp_ns

_SCHEMA = {
    "time_ns": pl.Int64,
    "kind": pl.String,
    "topic": pl.String,
    "partition": pl.Int64,
    "offset": pl.Int64,
    "reason": pl.String,
    "detail": pl.String,
    "payload": pl.String,
    "encoding": pl.String,
    "size": pl.Int64,
}
MOST_BYTES = 131_072
"""Longer payloads are cut: six times as many, which is what JSON can make of them, are a message
that every broker takes."""
NONE_REFUSED = pl.DataFrame(schema=_SCHEMA)


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused record with everything needed to look at it and send it again.

    `detail` is what programs want to know beside the reason, as JSON.
    """

    kind: str
    offset: int
    reason: str
    payload: bytes | None
    appended_ms: int
    detail: str | None = None


def refuse(
    raw: RawBatch, position: int, kind: str, reason: str, detail: str | None = None
) -> Refused:
    """The message at a position of a batch, refused."""
    payload, appended_ms = raw.payloads[position], raw.appended_ms[position]
    return Refused(kind, raw.offsets[position], reason, payload, appended_ms, detail)


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
    return pl.DataFrame(
        {
            "time_ns": [_time_ns(record) for record in refused],
            "kind": [r.kind for r in refused],
            "topic": [topic] * len(refused),
            "partition": [partition] * len(refused),
            "offset": [r.offset for r in refused],
            "reason": [r.reason for r in refused],
            "detail": [r.detail for r in refused],
            "payload": [text for text, _ in texts],
            "encoding": [encoding for _, encoding in texts],
            "size": [None if r.payload is None else len(r.payload) for r in refused],
        },
        schema=_SCHEMA,
    )


def _time_ns(record: Refused) -> int:
    return stamp_ns(record.appended_ms) + record.offset % 1_000_000


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
