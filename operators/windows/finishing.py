"""Results of closed windows: values of aggregates from accumulators and tables."""

import polars as pl

from operators.windows.accumulators import FIRST, LAST, ROWS
from operators.windows.aggregates import ENDS
from operators.windows.part import CLOSED, Part
from operators.windows.plan import WindowPlan
from operators.windows.shapes import Counted, Session
from tidegauge.catalogue import STATE
from tidegauge.records import RecordBatch

KEYS = "_key_"
"""Before the number of a key column: columns of finished rows with its values."""


def finish(plan: WindowPlan, closed: Part) -> pl.DataFrame:
    """Rows of closed windows, with a column for each aggregate call (`AggregateCall.id`).

    A key column can be called as a call is, such as `count(*)`: keys are in columns of `KEYS`.

    Args:
        plan: the window.
        closed: rows and tables with the window's key columns and `CLOSED`.
    """
    rows, by = closed.rows, [*plan.by, *CLOSED]
    for value in plan.table_values:
        table = closed.tables.get(value.table.name)
        if table is None or not table.height:
            rows = rows.with_columns(pl.lit(None, value.dtype).alias(value.id))
        else:
            column = value.finish(table, by)
            rows = rows.join(column, on=by, how="left", nulls_equal=True, maintain_order="left")
    ends = LAST.name if isinstance(plan.shape, Counted) else "time_ns"
    keys = (pl.col(key).alias(f"{KEYS}{number}") for number, key in enumerate(plan.by))
    return rows.with_columns(pl.col(ends).alias(ENDS), *keys).with_columns(plan.values)


def window_records(
    plan: WindowPlan, closed: Part, now_ns: int, latency_ms: float | None
) -> RecordBatch:
    """Records of closed windows.

    Args:
        plan: the window.
        closed: rows and tables with the window's key columns and `CLOSED`.
        now_ns: processing time of the records.
        latency_ms: time since the broker's append of the record that closed them.
    """
    metadata = [
        pl.col("start_ns"),
        pl.col("revision"),
        pl.col(ROWS.name).alias("data_points"),
        pl.col(FIRST.name).alias("first_event_ns"),
        pl.col(LAST.name).alias("last_event_ns"),
        pl.lit(now_ns, pl.Int64).alias("processing_time_ns"),
        pl.lit(latency_ms, pl.Float64).alias("latency_ms"),
    ]
    if isinstance(plan.shape, Session):
        metadata.append(pl.col(STATE))
    keys = (pl.col(f"{KEYS}{number}").alias(key) for number, key in enumerate(plan.by))
    frame = finish(plan, closed).select("time_ns", *keys, *plan.fields, *metadata)
    return RecordBatch(plan.name, frame)
