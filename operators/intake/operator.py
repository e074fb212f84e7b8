"""Processed events as records, out of a stream of event batches."""

from collections.abc import Iterable

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from tidegauge.batch import TIME, EventBatch
from tidegauge.records import TIME_NS, RecordBatch


@operator
def processed_events(step_id: str, up: Stream[EventBatch]) -> KeyedStream[RecordBatch]:  # noqa: ARG001 - names the scope of the step inside
    """Every processed event with its origin, keyed by partition."""

    def records(batches: list[EventBatch]) -> Iterable[tuple[str, RecordBatch]]:
        for batch in batches:
            progress = batch.progress
            for frame in (batch.on_time, batch.corrections):
                if frame.height:
                    origin = [
                        pl.col(TIME).alias(TIME_NS),
                        pl.lit(batch.topic).alias("_topic"),
                        pl.lit(progress.partition, pl.Int64).alias("_partition"),
                    ]
                    key = f"{batch.topic}-{progress.partition}"
                    yield key, RecordBatch(f"events.{progress.source}", frame.with_columns(origin))

    return op.flat_map_batch("records", up, records)
