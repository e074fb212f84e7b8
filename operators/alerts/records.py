"""Records of the alerts signal."""

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import xxhash

from operators.alerts.lifecycle import Told
from operators.alerts.plan import AlertPlan
from operators.alerts.watch import Changes
from operators.keygroups.keys import Key, key_bytes
from tidegauge.records import TIME_NS
from tidegauge.signals import Signal

CHANGED = "_changed"
"""Column of alert records (Boolean): the state changed in it. It is no field of the signal."""

_STATES = {
    Told.PENDING: "pending",
    Told.FIRING: "firing",
    Told.STILL_FIRING: "firing",
    Told.RESOLVED: "resolved",
    Told.INACTIVE: "inactive",
}


def alert_id(pipeline: str, alert: str, key: Key, opened: int) -> str:
    """Identity of one firing, the same whenever and wherever it is computed.

    Args:
        pipeline: name of the pipeline.
        alert: name of the alert.
        key: key of the series.
        opened: what tells its firings apart: the point time of the record it began with.
    """
    parts = key if isinstance(key, tuple) else (key,)
    return xxhash.xxh3_128_hexdigest(key_bytes((pipeline, alert, *parts, opened)))


def alert_records(
    changes: Changes,
    plan: AlertPlan,
    summary: Callable[[Mapping[str, Any], float | None], str],
    now_ns: int,
) -> pl.DataFrame:
    """The records that an alert's changes make: the columns of the signal, and `CHANGED`."""
    rows, told = changes.rows, changes.told
    value = rows[plan.value] if plan.value else pl.Series([None] * rows.height)
    value = value.cast(pl.Float64).alias("value")
    keys = rows.select(plan.by).to_dicts() if plan.by else [{}] * rows.height
    told_of = zip(changes.keys, changes.lives, strict=True)
    ids = [alert_id(plan.pipeline, plan.name, key, life.opened_ns) for key, life in told_of]
    frame = rows.select(TIME_NS, *plan.tags).with_columns(
        pl.lit(plan.name).alias("alert"),
        pl.lit(plan.alert.level).alias("level"),
        pl.Series("id", ids),
        pl.Series("state", [_STATES[news] for news in told]),
        pl.Series("active", [_STATES[news] == "firing" for news in told]),
        value,
        pl.Series("summary", list(map(summary, keys, value))),
        pl.Series("since_ns", [life.since_ns for life in changes.lives]),
        pl.lit(now_ns).alias("processing_time_ns"),
        pl.Series(CHANGED, [news != Told.STILL_FIRING for news in told]),
    )
    return complete(frame, plan.signal)


def complete(frame: pl.DataFrame, signal: Signal) -> pl.DataFrame:
    """All columns of the signal in its order and types, those missing as nulls, and `CHANGED`."""
    columns = []
    for column in signal.columns:
        held = pl.col(column.name) if column.name in frame.columns else pl.lit(None)
        columns.append(held.cast(column.type.dtype).alias(column.name))
    return frame.select(TIME_NS, *columns, CHANGED)
