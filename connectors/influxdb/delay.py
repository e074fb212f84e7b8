"""How late a record could be read first: what waited to be written says so.

Rules of Grafana see a firing for a time after it was told. A record that was made in time, and
stored minutes later because InfluxDB was away, would be too old for them.
"""

import polars as pl

from tidegauge.catalogue import DELAY
from tidegauge.durations import UNITS_NS
from tidegauge.records import TIME_NS, RecordBatch

ALLOWED_NS = 10 * UNITS_NS["s"]
"""Less than this between making and writing is not told."""


def retold(batch: RecordBatch, now_ns: int) -> RecordBatch:
    """The records, with the delay until now where they were made a while ago.

    Args:
        batch: records; the same object comes back when nothing is to be changed.
        now_ns: wall clock.
    """
    if DELAY not in batch.frame.columns:
        return batch
    delay = (pl.lit(now_ns) - pl.col(TIME_NS)) / 1e6
    waited = (delay - pl.col(DELAY)) * UNITS_NS["ms"] > ALLOWED_NS
    frame = batch.frame.with_columns(pl.when(waited).then(delay).otherwise(DELAY).alias(DELAY))
    return batch if frame[DELAY].equals(batch.frame[DELAY]) else RecordBatch(batch.signal, frame)
