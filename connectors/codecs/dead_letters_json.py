"""Dead letters as JSON: what was refused, where it was, why.

    {"kind": …, "reason": …, "topic": …, "partition": …, "offset": …, "payload": …, "encoding": …}

The key is the partition it came from, `topic-partition`: dead letters stay in the order of offsets.
"""

import polars as pl

from connectors.codecs.frames import json_object
from connectors.codecs.messages import Message
from tidegauge.records import RecordBatch

MEMBERS = ("kind", "reason", "topic", "partition", "offset", "payload", "encoding")

_KEY = pl.format("{}-{}", "topic", "partition").cast(pl.Binary)
_VALUE = json_object(*MEMBERS).cast(pl.Binary)


def dead_letter_messages(batch: RecordBatch, topic: str) -> list[Message]:
    """One message a dead letter, in their order."""
    columns = batch.frame.select(key=_KEY, value=_VALUE)
    return [Message(topic, key, value) for key, value in columns.rows()]
