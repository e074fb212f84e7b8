"""Records as JSON: one object a record, made a column at a time.

    {"id": …, "pipeline": …, "kind": …, "signal": …, "time_ns": …, "tags": {…}, "fields": {…}}

`tags` are the labels of the pipeline, then the signal's tags. Tags and fields keep their types and
are always all there: `null` is what the record does not have, or a number that is not finite.

`id` says which record it is, so that who gets one twice, or gets a corrected one, can tell: the
XXH3 hash of 128 bits, in hexadecimal, of the record's identity as compact JSON in UTF-8,

    {"pipeline": …, "signal": …, "tags": {… by name}, "start_ns": …, "time_ns": …}

without `start_ns` where the signal has none. The identity of an alert's record is
`{"pipeline": …, "signal": …, "id": …, "state": …}`: one for each change of each firing.

The key of a message is the series: `signal,tag=value,…`.
"""

from collections.abc import Mapping

import orjson
import polars as pl
import xxhash

from connectors.codecs.frames import conformed, json_object
from connectors.codecs.messages import Message
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.signals import Signal, SignalKind

_START_NS = "start_ns"
_EDITION = frozenset({"revision", "state", "made_at_ns"})
"""Fields by which messages of one record differ."""


class RecordJson:
    """Encoder of one signal's records.

    Args:
        signal: what it declares is encoded, other columns are not.
        pipeline: name of the pipeline.
        labels: tags of every record.
    """

    def __init__(self, signal: Signal, pipeline: str, labels: Mapping[str, str]) -> None:
        self._signal = signal
        tags = [tag.name for tag in signal.tags]
        names = {"pipeline": pipeline, "signal": signal.name}
        self._identity = _identity(signal, names).cast(pl.Binary)
        # A corrected record has the identity of the first, but is another message.
        editions = [field.name for field in signal.fields if field.name in _EDITION]
        self._edition = json_object(*editions).cast(pl.Binary)
        self._key = pl.concat_str(
            [pl.lit(signal.name), *(pl.concat_str([pl.lit(f"{tag}="), tag]) for tag in tags)],
            separator=",",
            ignore_nulls=True,
        ).cast(pl.Binary)
        # Between the id, which is not known in columns, and the time.
        about = {"pipeline": pipeline, "kind": signal.kind.value, "signal": signal.name}
        self._begin = b'{"id":"'
        self._middle = b'",' + orjson.dumps(about)[1:-1] + b","
        rest = [
            pl.lit('"time_ns":'),
            pl.col(TIME_NS).cast(pl.String),
            pl.lit(',"tags":'),
            json_object(
                *(pl.lit(value).alias(name) for name, value in labels.items() if name not in tags),
                *tags,
            ),
            pl.lit(',"fields":'),
            json_object(*(field.name for field in signal.fields)),
            pl.lit("}"),
        ]
        self._rest = pl.concat_str(rest).cast(pl.Binary)

    def messages(self, batch: RecordBatch, topic: str) -> list[Message]:
        """One message a record, in their order."""
        if not len(batch):
            return []
        columns = conformed(batch, self._signal).select(
            identity=self._identity, edition=self._edition, key=self._key, rest=self._rest
        )
        begin, middle, digest = self._begin, self._middle, xxhash.xxh3_128_hexdigest
        return [
            Message(
                topic,
                key,
                begin + digest(identity).encode() + middle + rest,
                identity=xxhash.xxh3_128_digest(identity + edition),
            )
            for identity, edition, key, rest in columns.rows()
        ]


def _identity(signal: Signal, names: Mapping[str, str]) -> pl.Expr:
    parts = [pl.lit(value).alias(name) for name, value in names.items()]
    if signal.kind is SignalKind.ALERT:
        return json_object(*parts, "id", "state")
    start = [_START_NS] if any(field.name == _START_NS for field in signal.fields) else []
    tags = sorted(tag.name for tag in signal.tags)
    ends = json_object(*start, TIME_NS).str.strip_prefix("{")
    begin = orjson.dumps(names).decode()[:-1]
    return pl.concat_str([pl.lit(f'{begin},"tags":'), json_object(*tags), pl.lit(","), ends])
