"""Event time of a decoded column, in nanoseconds since the epoch."""

from datetime import UTC, tzinfo

import numpy as np
import polars as pl

from tidegauge.fieldtypes import FieldType
from tidegauge.isotime import RFC_3339, strict_ns
from tidegauge.spec.models import EventTimeFormat

_NS_PER_UNIT = {"epoch_s": 1_000_000_000, "epoch_ms": 1_000_000, "epoch_us": 1_000, "epoch_ns": 1}
LIMIT_NS = 2**63 - 2**60
"""Event times further from the epoch (years 1714 to 2225) leave no room to add a window to them."""
_SHORTEST_WITH_NS = len("2024-05-01T12:00:00.1234567")
_USUAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?$"
_BELOW_US = r":\d\d[.,]\d{6}(\d{1,3})"


def decoded_type(kind: EventTimeFormat) -> FieldType:
    """The type an event-time field is decoded as when the pipeline file declares none.

    Seconds to microseconds may come as an integer or a fraction; nanoseconds do not fit a double.
    """
    if kind == "iso8601":
        return FieldType.STRING
    return FieldType.INT if kind == "epoch_ns" else FieldType.FLOAT


def event_time_ns(column: pl.Series, kind: EventTimeFormat, zone: tzinfo = UTC) -> pl.Series:
    """Event times as Int64; null where there is none, or none that can be read.

    Fractions of an epoch unit are kept to the microsecond, those of ISO 8601 to the nanosecond.
    ISO 8601 without a zone is in `zone`, a date alone its first moment there; of an hour that a
    change of the clock repeats it is the first.

    Args:
        column: strings for `iso8601`, integers or floats for the others.
        kind: how the event time is written.
        zone: time zone of texts that name none.
    """
    if kind == "iso8601":
        return _iso8601_ns(column, zone)
    return _epoch_ns(_within(column, LIMIT_NS // _NS_PER_UNIT[kind]), _NS_PER_UNIT[kind])


# Series methods that are made of expressions start a query each, which takes longer than to work
# on a small batch: where no value is null, arrays are used instead.


def _within(column: pl.Series, limit: int) -> pl.Series:
    """The column with null for what is beyond `limit`, and for NaN."""
    if not column.null_count():
        values = column.to_numpy()
        if ((values >= -limit) & (values <= limit)).all():
            return column
    usable = column.is_between(-limit, limit)
    return column if usable.all(ignore_nulls=False) else column.set(~usable, None)


def _epoch_ns(column: pl.Series, unit_ns: int) -> pl.Series:
    if column.dtype == pl.Int64:
        return column * unit_ns
    if unit_ns == 1 or _whole(column):
        return column.cast(pl.Int64) * unit_ns
    # Within the limit a double holds every whole microsecond.
    return (column * (unit_ns / 1_000)).round().cast(pl.Int64) * 1_000


def _whole(column: pl.Series) -> bool:
    if column.null_count():
        return (column == column.floor()).all()
    values = column.to_numpy()
    return bool((values == np.floor(values)).all())


def _iso8601_ns(column: pl.Series, zone: tzinfo) -> pl.Series:
    """RFC 3339 in one call, every other form of ISO 8601 text by text."""
    parsed = column.str.to_datetime(RFC_3339, time_unit="us", time_zone="UTC", strict=False)
    times_us = parsed.cast(pl.Int64)
    if str(zone) == "UTC" and times_us.null_count() > column.null_count():
        times_us = times_us.zip_with(times_us.is_not_null(), _utc_us(column))
    unread = times_us.is_null() & column.is_not_null()
    times = _within(times_us, LIMIT_NS // 1_000) * 1_000
    if (column.str.len_bytes() >= _SHORTEST_WITH_NS).any():
        rest = column.str.extract(_BELOW_US).str.pad_end(3, "0").cast(pl.Int64)
        times += rest.fill_null(0)
    if unread.any():
        positions = unread.arg_true()
        times = times.scatter(positions, _other_ns(column[positions], zone))
    return times


def _other_ns(texts: pl.Series, zone: tzinfo) -> list[int | None]:
    times = [strict_ns(text, zone) for text in texts]
    return [time if time is not None and -LIMIT_NS <= time <= LIMIT_NS else None for time in times]


def _utc_us(column: pl.Series) -> pl.Series:
    """Times without a zone, as most write them, in UTC; null for others."""
    usual = column.set(~column.str.contains(_USUAL), None).str.replace(" ", "T", literal=True)
    return usual.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False).cast(
        pl.Int64
    )
