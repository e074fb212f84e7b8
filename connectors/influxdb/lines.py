"""Records to InfluxDB's line protocol, a column at a time.

    measurement,tag=value,… field=value,… time_ns

Tags come in the order of their names, as the server wants them. A null key is the tag `(none)`; a
tag that a record does not have and a null field are left out; a record without any field is not
written. Integers end in `i`, floats are the shortest text that reads back as the same number,
strings are quoted. What cannot be written is said in `escapes`.
"""

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from connectors.codecs.frames import with_key_texts
from connectors.influxdb.delay import with_delay
from connectors.influxdb.escapes import escaped_name, escaped_strings, escaped_tag, escaped_tags
from tidegauge.catalogue import DELAY
from tidegauge.fieldtypes import FieldType
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.signals import Column, Signal, SignalKind


def encode_lines(batch: RecordBatch, signal: Signal, constant_tags: Mapping[str, str]) -> bytes:
    """The records' lines, joined by line feeds, with times in nanoseconds."""
    return "\n".join(LineEncoder(signal, constant_tags).lines(batch)).encode()


class LineEncoder:
    """Encoder of one signal's records.

    Of an alert it also says how late it is (`connectors.influxdb.delay`).

    Args:
        signal: what it declares is written, other columns are not.
        constant_tags: tags of every record; a tag of the signal with the same name goes before.
    """

    def __init__(self, signal: Signal, constant_tags: Mapping[str, str]) -> None:
        self._tells_delay = signal.kind is SignalKind.ALERT
        if self._tells_delay:
            signal = replace(signal, fields=(*signal.fields, DELAY))
        self._signal = signal
        self._measurement = escaped_name(signal.measurement)
        names = {tag.name for tag in signal.tags}
        self._constants = {
            name: f",{escaped_name(name)}={escaped_tag(value)}"
            for name, value in constant_tags.items()
            if name not in names
        }
        self._tags = {tag.name: _tag(tag) for tag in signal.tags}
        self._fields = {field.name: _field(field) for field in signal.fields}

    def lines(self, batch: RecordBatch, now_ns: int | None = None) -> list[str]:
        """One line a record; a string field may hold line feeds.

        Args:
            batch: the records.
            now_ns: when they are written; as they are made, unless said.
        """
        if not len(batch):
            return []
        if self._tells_delay:
            batch = with_delay(batch, now_ns)
        frame = with_key_texts(batch, self._signal)
        time = pl.lit(" "), pl.col(TIME_NS).cast(pl.String)
        line = pl.concat_str([*self._key(frame), *self._field_set(frame), *time])
        # concat_str makes a line null whose field set is null, that is: which has no field.
        return frame.select(line.alias("line")).to_series().drop_nulls().to_list()

    def _key(self, frame: pl.DataFrame) -> list[pl.Expr]:
        parts: list[pl.Expr] = []
        text = self._measurement
        for name in sorted([*self._constants, *self._tags]):
            if name in self._constants:
                text += self._constants[name]
                continue
            parts.append(pl.lit(text))
            text = ""
            absent = frame[name].null_count() > 0
            parts += [_or_nothing(self._tags[name])] if absent else self._tags[name]
        return [*parts, pl.lit(text)]

    def _field_set(self, frame: pl.DataFrame) -> list[pl.Expr]:
        """Parts of the field set with a space before; null where a record has no field."""
        comma, space = pl.lit(","), pl.lit(" ")
        parts: list[pl.Expr] = []
        for name, field in self._fields.items():
            part = [comma, *field]
            parts += [_or_nothing(part)] if frame[name].null_count() else part
        if parts[0] is comma:
            return [space, *parts[1:]]
        joined = pl.concat_str(parts).str.strip_prefix(",")
        return [space, pl.when(joined != "").then(joined)]


def _or_nothing(parts: list[pl.Expr]) -> pl.Expr:
    return pl.concat_str(parts).fill_null("")


def _tag(tag: Column) -> list[pl.Expr]:
    values = pl.col(tag.name).cast(pl.String)
    begin = pl.lit(f",{escaped_name(tag.name)}=")
    return [begin, escaped_tags(values) if tag.type is FieldType.STRING else values]


def _field(field: Column) -> list[pl.Expr]:
    begin = pl.lit(f"{escaped_name(field.name)}=")
    values = pl.col(field.name).cast(pl.String)
    match field.type:
        case FieldType.INT:
            return [begin, values, pl.lit("i")]
        case FieldType.STRING:
            return [begin, pl.lit('"'), escaped_strings(values), pl.lit('"')]
        case FieldType.FLOAT | FieldType.BOOL:
            return [begin, values]
