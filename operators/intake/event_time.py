"""Event time of a decoded column, in nanoseconds since the epoch."""

from datetime import UTC, datetime

import polars as pl

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import EventTimeFormat

_NS_PER_UNIT = {"epoch_s": 1_000_000_000, "epoch_ms": 1_000_000, "epoch_us": 1_000, "epoch_ns": 1}
_LIMIT_NS = 2**63 - 2**60
"""Event times beyond this (the year 2225) leave no room to add a window or a lateness to them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decoded_type(kind: EventTimeFormat) -> FieldType:
    """The type an event-time field is decoded as when the pipeline file declares none.

    Seconds to microseconds may come as an integer or a fraction; nanoseconds do not fit a double.
    """
    if kind == "iso8601":
        return FieldType.STRING
    return FieldType.INT if kind == "epoch_ns" else FieldType.FLOAT


def event_time_ns(column: pl.Series, kind: EventTimeFormat) -> pl.Series:
    """Event times as Int64; null where there is none or it cannot be read.

    ISO 8601 without a zone is UTC. Fractions of an epoch unit are kept to the microsecond.
    """
    times = _iso8601_ns(column) if kind == "iso8601" else _epoch_ns(column, _NS_PER_UNIT[kind])
    if times.null_count() == 0 and times.len() and -_LIMIT_NS <= times.min() and times.max() <= _LIMIT_NS:  # type: ignore[operator]  # not null here
        return times
    return times.set(~times.is_between(-_LIMIT_NS, _LIMIT_NS), None)


def _epoch_ns(column: pl.Series, unit_ns: int) -> pl.Series:
    limit = _LIMIT_NS // unit_ns
    usable = column.is_between(-limit, limit)
    if not usable.all(ignore_nulls=False):
        column = column.set(~usable, None)
    if column.dtype == pl.Int64:
        return column * unit_ns
    if (column == column.floor()).all():
        return column.cast(pl.Int64) * unit_ns
    return (column * (unit_ns // 1_000)).round().cast(pl.Int64) * 1_000


def _iso8601_ns(column: pl.Series) -> pl.Series:
    """RFC 3339 in one call; every other form of ISO 8601 by the standard library, a text at a time."""
    times = column.str.to_datetime("%+", time_unit="ns", time_zone="UTC", strict=False).cast(pl.Int64)
    unread = times.is_null() & column.is_not_null()
    if not unread.any():
        return times
    positions = unread.arg_true()
    return times.scatter(positions, [_parse_iso8601_ns(text) for text in column.gather(positions)])


def _parse_iso8601_ns(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elapsed = moment - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000_000 + elapsed.microseconds * 1_000
