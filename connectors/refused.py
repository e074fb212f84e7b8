"""What a store or topic refuses, as dead letters."""

from collections.abc import Sequence

import polars as pl

from tidegauge.catalogue import DEAD_LETTER_SIGNAL, DEAD_LETTERS
from tidegauge.payloads import MOST_BYTES, letter_reason
from tidegauge.records import TIME_NS, RecordBatch

KIND = "refused"
NO_PARTITION = -1
"""Kafka's own number for a partition that is none."""
_SCHEMA = {TIME_NS: pl.Int64} | {
    column.name: column.type.dtype for column in DEAD_LETTER_SIGNAL.columns
}


def refused_records(
    origin: str, refused: Sequence[tuple[bytes, str]], now_ns: int, detail: str | None = None
) -> RecordBatch:
    """A letter for each record that was refused, as it was written.

    A record stands for no message: its origin is who refused it. The time of a letter is when that
    was, for the record's own may be what was refused; no two letters have the same. What is longer
    than letters of messages may be is cut, as theirs is: else their topic would refuse the letter.

    Args:
        origin: who refused them.
        refused: records as they were written, and why they were refused.
        now_ns: the time.
        detail: what programs want to know beside the reason, as JSON.
    """
    letters = [
        {
            TIME_NS: now_ns + number,
            "kind": KIND,
            "topic": origin,
            "partition": NO_PARTITION,
            "reason": letter_reason(reason),
            "detail": detail,
            "payload": _text(written),
            "encoding": "utf-8",
            "size": len(written),
        }
        for number, (written, reason) in enumerate(refused)
    ]
    # Members that letters of messages have and these have not are null.
    return RecordBatch(DEAD_LETTERS, pl.DataFrame(letters, schema=_SCHEMA))


def _text(written: bytes) -> str:
    if len(written) > MOST_BYTES:
        return written[:MOST_BYTES].decode(errors="ignore")
    return written.decode(errors="replace")
