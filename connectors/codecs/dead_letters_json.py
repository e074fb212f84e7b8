"""Dead letters as JSON: what was refused, where it was, why.

    {"id": …, "time_ns": …, "kind": …, "reason": …, "detail": …, "topic": …, "partition": …,
     "offset": …, "origin": …, "attempt": …, "payload": …, "encoding": …, "size": …, "key": …,
     "key_encoding": …}

The key is the partition it came from, `topic-partition`: dead letters stay in the order of offsets.
The id is the same in every run; a letter that comes twice comes with the same.
"""

import polars as pl
import xxhash

from connectors.codecs.frames import json_object
from connectors.codecs.messages import Message
from tidegauge.records import RecordBatch

MEMBERS = (
    "time_ns",
    "kind",
    "reason",
    "detail",
    "topic",
    "partition",
    "offset",
    "origin",
    "attempt",
    "payload",
    "encoding",
    "size",
    "key",
    "key_encoding",
)

_KEY = pl.format("{}-{}", "topic", "partition").cast(pl.Binary)
_IDENTITY = json_object("kind", "topic", "partition", "offset", "time_ns").cast(pl.Binary)
_VALUE = json_object(*MEMBERS).cast(pl.Binary)


def dead_letter_messages(batch: RecordBatch, topic: str) -> list[Message]:
    """One message a dead letter, in their order."""
    columns = batch.frame.select(key=_KEY, value=_VALUE, identity=_IDENTITY)
    messages = []
    for key, value, identity in columns.rows():
        digest = xxhash.xxh3_128_digest(identity)
        named = b'{"id":"%b",%b' % (digest.hex().encode(), value[1:])
        messages.append(Message(topic, key, named, identity=digest))
    return messages
