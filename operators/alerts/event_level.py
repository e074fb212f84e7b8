"""Events that say themselves how urgent they are."""

from collections.abc import Sequence

import polars as pl

from operators.alerts.records import CHANGED, alert_id, complete
from operators.intake.levels import ALERT_LEVEL, HIGHEST
from operators.ordering.identity import PARTITION, identity_time_ns
from tidegauge.batch import OFFSET, TIME, EventBatch
from tidegauge.catalogue import EVENT_LEVEL, OWN_COLUMNS
from tidegauge.fieldtypes import FieldType
from tidegauge.records import KEYS, TIME_NS, key_text
from tidegauge.signals import Column, Signal, SignalKind
from tidegauge.texts import LINE_WIDTH, cut

OWN = OWN_COLUMNS[SignalKind.ALERT]
CRITICAL_ABOVE = 7
"""Levels above this are critical."""


def event_level_records(
    batch: EventBatch, pipeline: str, signal: Signal, now_ns: int, beside: Sequence[str] = ()
) -> pl.DataFrame | None:
    """An alert record for each event whose own `alert_level` is critical; none counts as 0.

    What is above the highest level is no level, and makes no record: a level is a tag.

    Corrections count like on-time events: late is better than never. Nothing follows such a record,
    for nothing could resolve it. Fields of the event that are key columns of the pipeline become
    its tags, and where an alert has a column of that name anyway, its summary tells them.

    Args:
        batch: events of one partition.
        pipeline: name of the pipeline.
        signal: the alerts signal.
        now_ns: wall clock, for the processing time in the records.
        beside: key columns of the pipeline that records of alerts do not have.

    Returns:
        the columns of the signal, and `CHANGED`; None when there is no such event.
    """
    critical = [
        frame.filter(pl.col(ALERT_LEVEL).is_between(CRITICAL_ABOVE + 1, HIGHEST))
        for frame in (batch.on_time, batch.corrections)
        if ALERT_LEVEL in frame.columns and frame[ALERT_LEVEL].null_count() < frame.height
    ]
    events = pl.concat(critical) if critical else pl.DataFrame()
    return (
        None
        if events.is_empty()
        else _records(
            events,
            batch,
            pipeline,
            signal,
            now_ns,
            [key for key in beside if key in events.columns],
        )
    )


def _records(
    events: pl.DataFrame,
    batch: EventBatch,
    pipeline: str,
    signal: Signal,
    now_ns: int,
    beside: Sequence[str],
) -> pl.DataFrame:
    topic, partition = batch.topic, batch.progress.partition
    where = [f"{topic}/{partition}/{offset}" for offset in events[OFFSET]]
    ids = [alert_id(pipeline, EVENT_LEVEL, (topic, partition), at) for at in events[OFFSET]]
    levels = events[ALERT_LEVEL].to_list()
    named = [
        "".join(f", {key} {cut(key_text(value), LINE_WIDTH)}" for key, value in row.items())
        for row in events.select(pl.col(beside).cast(pl.String)).iter_rows(named=True)
    ] or [""] * events.height
    told = zip(where, levels, named, strict=True)
    says = [f"event {event} has level {level}{keys}" for event, level, keys in told]
    keys = [column.name for column in signal.tags if _has(events, column)]
    frame = events.with_columns(pl.lit(partition, pl.Int64).alias(PARTITION)).select(
        identity_time_ns().alias(TIME_NS),
        *keys,
        pl.col(TIME).alias("since_ns"),
        pl.col(ALERT_LEVEL).cast(pl.Float64).alias("value"),
    )
    made = frame.with_columns(
        pl.lit(EVENT_LEVEL).alias("alert"),
        pl.Series("level", levels),
        pl.Series("id", ids),
        pl.lit("firing").alias("state"),
        pl.lit(1).alias("active"),
        pl.Series("summary", says),
        pl.lit(now_ns).alias("processing_time_ns"),
        pl.lit(value=True).alias(CHANGED),
        pl.lit("\n".join(keys)).alias(KEYS),
    )
    return complete(made, signal)


def _has(events: pl.DataFrame, key: Column) -> bool:
    """Whether the events have the key column, and not another one of its name."""
    if key.name in OWN or key.name not in events.columns:
        return False
    return key.type is FieldType.STRING or events.schema[key.name] == key.type.dtype
