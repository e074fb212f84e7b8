"""Frames as the sinks want them: the signal's columns, all of them and no others."""

from collections.abc import Iterable

import polars as pl

from tidegauge.fieldtypes import FieldType
from tidegauge.records import KEYS, NO_KEY, TIME_NS, RecordBatch
from tidegauge.signals import Column, Signal, SignalKind

KEYED = frozenset(
    {SignalKind.WINDOW, SignalKind.ANOMALY, SignalKind.MATCH}
    | {SignalKind.FORECAST, SignalKind.PREDICTION}
)
"""Kinds whose tags are key columns that each record has."""


def conformed(batch: RecordBatch, signal: Signal) -> pl.DataFrame:
    """`time_ns`, then the signal's tags and fields in declared order and type.

    Columns the signal does not declare are left out, declared ones the frame lacks are null.
    A float field that is not finite becomes null: no store and no JSON can hold it.
    """
    frame = batch.frame
    tags = [_column(frame, tag) for tag in signal.tags]
    fields = [_finite(_column(frame, field), field) for field in signal.fields]
    return frame.select(pl.col(TIME_NS).cast(pl.Int64), *tags, *fields)


def with_key_texts(batch: RecordBatch, signal: Signal) -> pl.DataFrame:
    """As `conformed`, with tags as texts: a null key is `NO_KEY`; null is what a record has not."""
    frame = conformed(batch, signal)
    texts = [
        _key_text(tag.name, signal, batch.frame)
        for tag in signal.tags
        if tag.name in batch.frame.columns and frame[tag.name].null_count()
    ]
    return frame.with_columns(texts) if texts else frame


def _key_text(tag: str, signal: Signal, frame: pl.DataFrame) -> pl.Expr:
    text = pl.col(tag).cast(pl.String)
    if signal.kind in KEYED:
        return text.fill_null(NO_KEY)
    if KEYS not in frame.columns:
        return text
    # Not every part of a frame that was put together needs to have the column.
    has = frame[KEYS].str.split("\n").list.contains(tag).fill_null(value=False)
    return pl.when(text.is_null() & has).then(pl.lit(NO_KEY)).otherwise(text).alias(tag)


def _column(frame: pl.DataFrame, column: Column) -> pl.Expr:
    dtype = column.type.dtype
    if column.name not in frame.columns:
        return pl.lit(None, dtype=dtype).alias(column.name)
    values = pl.col(column.name)
    return values if frame.schema[column.name] == dtype else values.cast(dtype)


def _finite(values: pl.Expr, column: Column) -> pl.Expr:
    if column.type is not FieldType.FLOAT:
        return values
    return pl.when(values.is_finite()).then(values).alias(column.name)


def merged(batches: Iterable[RecordBatch]) -> list[RecordBatch]:
    """One batch a signal, in the order of arrival; batches without rows are left out."""
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in batches:
        if len(batch):
            frames.setdefault(batch.signal, []).append(batch.frame)
    return [
        RecordBatch(signal, parts[0] if len(parts) == 1 else _stacked(parts))
        for signal, parts in frames.items()
    ]


def _stacked(frames: list[pl.DataFrame]) -> pl.DataFrame:
    same = all(frame.schema == frames[0].schema for frame in frames[1:])
    return pl.concat(frames, how="vertical" if same else "diagonal_relaxed")


def json_object(*members: pl.Expr | str) -> pl.Expr:
    """Compact JSON text of an object a row; a member's name is its column's."""
    # Polars has no structure without members.
    return pl.struct(*members).struct.json_encode() if members else pl.lit("{}")
