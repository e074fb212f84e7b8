"""Which events there are, and the point time that tells two of the same moment apart."""

import polars as pl

from tidegauge.batch import OFFSET, TIME

PARTITION = "_partition"
"""Column of a frame of events from several partitions: the partition (Int64)."""

ORDER = (TIME, PARTITION, OFFSET)
"""What events of one topic are ordered by: a total order, for offsets are unique in a partition."""


def identity_time_ns() -> pl.Expr:
    """Point time of a record about one event.

    The event time, and below its microseconds what tells the event from others of the same moment:
    the last three digits of the offset as microseconds, of the partition as nanoseconds.
    """
    return pl.col(TIME) + pl.col(OFFSET) % 1_000 * 1_000 + pl.col(PARTITION) % 1_000
