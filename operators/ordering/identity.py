"""Which events there are, and the point time that tells two of the same moment apart."""

import polars as pl

from tidegauge.batch import OFFSET, TIME

PARTITION = "_partition"
"""Column of a frame of events from several partitions: the partition (Int64)."""

ORDER = (TIME, PARTITION, OFFSET)
"""What events of one topic are ordered by: a total order, for offsets are unique in a partition."""


def distinct_times(times: pl.Series, after_ns: int) -> pl.Series:
    """Point times of records about events, no two the same: each that of its event, or the next.

    As many events as there are may have happened in the same moment: a time that is taken is moved
    on by single nanoseconds. Of events in `ORDER` it follows from the log alone.

    Args:
        times: event times, ascending.
        after_ns: the last point time that was given.
    """
    counted = pl.Series(range(times.len()), dtype=pl.Int64)
    free = (times - counted).cum_max() + counted
    # What came late for the order follows what was given.
    return pl.select(pl.max_horizontal(free, after_ns + 1 + counted)).to_series()


def identity_time_ns() -> pl.Expr:
    """Point time of a record about one event, where there is no order to give it one.

    The event time, and below its milliseconds what tells the event from others of the same moment:
    the offset and the partition. Two events of one moment in the same of up to 16 partitions have
    the same point time when they are a multiple of 62,500 messages apart.
    """
    return pl.col(TIME) + (pl.col(OFFSET) * 16 + pl.col(PARTITION) % 16) % 1_000_000
