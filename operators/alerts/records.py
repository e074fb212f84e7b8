"""Records of the alerts signal."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import polars as pl
import xxhash

from operators.alerts.lifecycle import Life, Told
from operators.alerts.plan import AlertPlan
from operators.alerts.said import Said
from operators.alerts.silence import Gone
from operators.alerts.watch import Changes
from operators.keygroups.keys import Key, key_bytes
from tidegauge.records import KEYS, TIME_NS
from tidegauge.signals import Signal

CHANGED = "_changed"
"""Column of alert records (Boolean): the state changed in it. It is no field of the signal."""

_STATES = {
    Told.PENDING: "pending",
    Told.FIRING: "firing",
    Told.STILL_FIRING: "firing",
    Told.RESOLVED: "resolved",
    Told.INACTIVE: "inactive",
    Told.STALE: "stale",
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
    said: Said,
    now_ns: int,
) -> pl.DataFrame:
    """The records that an alert's changes make: the columns of the signal, and `CHANGED`."""
    rows = changes.rows
    value = rows[plan.value] if plan.value else pl.Series([None] * rows.height)
    value = value.cast(pl.Float64).alias("value")
    named = rows.select(plan.named).to_dicts() if plan.named else [{}] * rows.height
    tags = rows.select(TIME_NS, *plan.tags)
    told = _Told(changes.keys, changes.told, changes.lives)
    texts = said.of(changes, list(map(summary, named, value)))
    return _records(tags, told, plan, value, texts, now_ns)


def ended_records(
    ended: Gone,
    plan: AlertPlan,
    summary: Callable[[Mapping[str, Any], float | None], str],
    said: Said,
    now_ns: int,
) -> pl.DataFrame:
    """The records of series that are gone; they have no value."""
    parts = [key if isinstance(key, tuple) else (key,) for key in ended.keys]
    named = [dict(zip(plan.by, part, strict=True)) for part in parts]
    columns = {key: [each[key] for each in named] for key in plan.by}
    tags = pl.DataFrame({TIME_NS: ended.times_ns, **columns}, strict=False)
    if "anomaly" in plan.tags:
        tags = tags.with_columns(pl.lit(plan.target).alias("anomaly"))
    told = _Told(ended.keys, ended.told, ended.lives)
    value = pl.Series("value", [None] * tags.height, pl.Float64)
    texts = said.of(ended, [summary(one, None) for one in named])
    return _records(tags, told, plan, value, texts, now_ns)


class _Told(NamedTuple):
    keys: list[Key]
    told: list[Told]
    lives: list[Life]


def _records(
    tags: pl.DataFrame,
    news: _Told,
    plan: AlertPlan,
    value: pl.Series,
    summaries: list[str],
    now_ns: int,
) -> pl.DataFrame:
    states = [_STATES[told] for told in news.told]
    of_lives = zip(news.keys, news.lives, strict=True)
    ids = [alert_id(plan.pipeline, plan.name, key, life.opened_ns) for key, life in of_lives]
    frame = tags.select(TIME_NS, *plan.tags).with_columns(
        pl.lit("\n".join(plan.by)).alias(KEYS),
        pl.lit(plan.name).alias("alert"),
        pl.lit(plan.alert.level).alias("level"),
        pl.Series("id", ids),
        pl.Series("state", states),
        pl.Series("active", [state == "firing" for state in states]),
        value,
        pl.Series("summary", summaries),
        pl.Series("since_ns", [life.since_ns for life in news.lives]),
        pl.lit(now_ns).alias("processing_time_ns"),
        pl.Series(CHANGED, [told != Told.STILL_FIRING for told in news.told]),
    )
    return complete(frame, plan.signal)


def complete(frame: pl.DataFrame, signal: Signal) -> pl.DataFrame:
    """All columns of the signal in its order and types, those missing as nulls, and the others.

    These are `CHANGED`, and `KEYS`: an alert has the key columns of others, too, as nulls.
    """
    columns = []
    for column in signal.columns:
        held = pl.col(column.name) if column.name in frame.columns else pl.lit(None)
        columns.append(held.cast(column.type.dtype).alias(column.name))
    return frame.select(TIME_NS, *columns, CHANGED, KEYS)
