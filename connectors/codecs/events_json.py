"""Processed events as JSON: the declared and derived fields; where each came from in the headers.

Headers, as texts: `topic`, `partition` and `offset` of the message the event was in, its Kafka
`timestamp` in milliseconds, and the event's time `time_ns`. The key is the partition it came from,
`topic-partition`: events stay in the order of offsets.
"""

import polars as pl
import xxhash

from connectors.codecs.frames import conformed, json_object
from connectors.codecs.messages import Message
from tidegauge.batch import APPENDED, OFFSET
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.signals import Signal

TOPIC = "_topic"
PARTITION = "_partition"
HEADERS = {
    "topic": TOPIC,
    "partition": PARTITION,
    "offset": OFFSET,
    "timestamp": APPENDED,
    TIME_NS: TIME_NS,
}

_NAMES = tuple(HEADERS)
_OFFSET = _NAMES.index("offset")
_KEY = pl.format("{}-{}", TOPIC, PARTITION).cast(pl.Binary)
_HEADERS = [pl.col(column).cast(pl.String).cast(pl.Binary) for column in HEADERS.values()]


class EventJson:
    """Encoder of one source's events.

    Args:
        signal: declares the fields; the columns named in `HEADERS` come on top.
    """

    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._value = json_object(*(field.name for field in signal.fields)).cast(pl.Binary)

    def messages(self, batch: RecordBatch, topic: str) -> list[Message]:
        """One message an event, in their order."""
        keys = batch.frame.select(_KEY).to_series()
        values = conformed(batch, self._signal).with_columns(value=self._value)["value"]
        headers = batch.frame.select(_HEADERS).rows()
        return [
            Message(
                topic,
                key,
                value,
                list(zip(_NAMES, origin, strict=True)),
                xxhash.xxh3_128_digest(b"%b-%b" % (key, origin[_OFFSET])),
            )
            for key, value, origin in zip(keys, values, headers, strict=True)
        ]
