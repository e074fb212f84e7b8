"""Events for tests of ordering."""

from collections.abc import Sequence

import polars as pl

from operators.ordering.identity import PARTITION
from tidegauge.batch import OFFSET, TIME, Counts, EventBatch, PartitionState, Progress

Event = tuple[int, int, int]
"""Time, partition and offset."""
SCHEMA = {TIME: pl.Int64, PARTITION: pl.Int64, OFFSET: pl.Int64}
OUT_OF_ORDERNESS = 5


def frame_of(events: Sequence[Event]) -> pl.DataFrame:
    return pl.DataFrame(events, SCHEMA, orient="row")


def events_of(frame: pl.DataFrame) -> list[Event]:
    return frame.select(*SCHEMA).rows()


def batch(
    events: Sequence[tuple[int, int, str, float]],
    high: int,
    partition: int = 0,
    partitions: int = 1,
    state: PartitionState = PartitionState.ACTIVE,
    unit_ns: int = 1,
) -> EventBatch:
    """A batch of (offset, time, card, amount) of a partition whose highest event time is `high`."""
    schema = {OFFSET: pl.Int64, TIME: pl.Int64, "card": pl.String, "amount": pl.Float64}
    frame = pl.DataFrame(events, schema, orient="row").with_columns(note=pl.lit("not wanted"))
    frame = frame.with_columns(pl.col(TIME) * unit_ns)
    watermark = (high - OUT_OF_ORDERNESS) * unit_ns
    progress = Progress("payments", partition, partitions, watermark, state, 0)
    return EventBatch("topic", frame, frame.clear(), pl.DataFrame(), progress, Counts())
