"""How late an alert could be read first, beside it in InfluxDB.

Rules of Grafana see a firing for a time after it was told, and InfluxQL compares no field with the
clock. What waited to be written says so: a record that was made in time, and stored minutes later
because InfluxDB was away, would be too old for them.
"""

import polars as pl

from tidegauge.catalogue import DELAY
from tidegauge.durations import UNITS_NS
from tidegauge.records import TIME_NS, RecordBatch

ALLOWED_NS = 10 * UNITS_NS["s"]
"""Less than this between making and writing is not told."""
_MADE = "processing_time_ns"


def with_delay(batch: RecordBatch, now_ns: int | None = None) -> RecordBatch:
    """Alerts with the time from that of each until it was made, or is written.

    Args:
        batch: the alerts.
        now_ns: when they are written; as they are made, unless said.
    """
    if _MADE not in batch.frame.columns:
        return batch
    told = pl.col(_MADE)
    if now_ns is not None:
        told = pl.when(pl.lit(now_ns) - told > ALLOWED_NS).then(pl.lit(now_ns)).otherwise(told)
    delay = ((told - pl.col(TIME_NS)) / UNITS_NS["ms"]).alias(DELAY.name)
    return RecordBatch(batch.signal, batch.frame.with_columns(delay))
