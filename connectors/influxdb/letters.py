"""Lines that InfluxDB refuses, as dead letters."""

from collections.abc import Sequence

import polars as pl

from tidegauge.catalogue import DEAD_LETTER_SIGNAL, DEAD_LETTERS
from tidegauge.records import TIME_NS, RecordBatch

KIND = "refused"
NO_PARTITION = -1
"""Kafka's own number for a partition that is none."""
_SCHEMA = {TIME_NS: pl.Int64} | {
    column.name: column.type.dtype for column in DEAD_LETTER_SIGNAL.columns
}


def refused_lines(bucket: str, refused: Sequence[tuple[bytes, str]], now_ns: int) -> RecordBatch:
    """A letter for each refused line.

    A line stands for no message: its origin is the bucket that refused it. The time of a letter is
    when that was, for the line's own may be what was refused; no two letters have the same.

    Args:
        bucket: the bucket.
        refused: lines, and why they were refused.
        now_ns: the time.
    """
    letters = [
        {
            TIME_NS: now_ns + number,
            "kind": KIND,
            "topic": f"influxdb:{bucket}",
            "partition": NO_PARTITION,
            "reason": reason,
            "payload": line.decode(errors="replace"),
            "encoding": "utf-8",
            "size": len(line),
        }
        for number, (line, reason) in enumerate(refused)
    ]
    # Members that letters of messages have and these have not are null.
    return RecordBatch(DEAD_LETTERS, pl.DataFrame(letters, schema=_SCHEMA))
