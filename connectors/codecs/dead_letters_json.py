"""Dead letters as JSON: what was refused, where it was, why.

    {"kind": …, "reason": …, "topic": …, "partition": …, "offset": …, "payload": …, "encoding": …}

The key is the partition it came from, `topic-partition`: dead letters stay in the order of offsets.
"""

import polars as pl
import xxhash

from connectors.codecs.frames import json_object
from connectors.codecs.messages import Message
from tidegauge.records import RecordBatch

MEMBERS = ("kind", "reason", "topic", "partition", "offset", "payload", "encoding")

_KEY = pl.format("{}-{}", "topic", "partition").cast(pl.Binary)
_IDENTITY = json_object("kind", "topic", "partition", "offset", "time_ns").cast(pl.Binary)
_VALUE = json_object(*MEMBERS).cast(pl.Binary)


def dead_letter_messages(batch: RecordBatch, topic: str) -> list[Message]:
    """One message a dead letter, in their order."""
    columns = batch.frame.select(key=_KEY, value=_VALUE, identity=_IDENTITY)
    digest = xxhash.xxh3_128_digest
    return [
        Message(topic, key, value, identity=digest(identity))
        for key, value, identity in columns.rows()
    ]
