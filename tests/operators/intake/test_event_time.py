from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.intake.event_time import LIMIT_NS, decoded_type, event_time_ns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import EventTimeFormat

SECOND = 1_000_000_000
NOON = 1_714_564_800 * SECOND
"""2024-05-01T12:00:00Z."""
UNITS: dict[EventTimeFormat, int] = {
    "epoch_s": SECOND,
    "epoch_ms": 1_000_000,
    "epoch_us": 1_000,
    "epoch_ns": 1,
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(values: list[Any], kind: EventTimeFormat, dtype: Any = None) -> list[int | None]:
    times = event_time_ns(pl.Series("ts", values, dtype=dtype), kind)
    assert times.dtype == pl.Int64
    return times.to_list()


def one(text: str) -> int | None:
    return read([text], "iso8601", pl.String)[0]


@pytest.mark.parametrize(("kind", "unit_ns"), UNITS.items())
@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64])
def test_a_whole_epoch_is_exact_in_each_unit(
    kind: EventTimeFormat, unit_ns: int, dtype: type[pl.DataType]
) -> None:
    values = [NOON // unit_ns, 0, -NOON // unit_ns, None]
    assert read(values, kind, dtype) == [NOON, 0, -NOON, None]


def test_fractions_are_kept_to_the_microsecond() -> None:
    assert read([1_714_564_800.123456, -0.5], "epoch_s") == [NOON + 123_456_000, -SECOND // 2]
    assert read([1_714_564_800_000.25], "epoch_ms") == [NOON + 250_000]
    assert read([1_714_564_800_000_001.25], "epoch_us") == [NOON + 1_000]


def test_a_whole_number_is_the_same_whether_or_not_others_of_its_batch_have_fractions() -> None:
    for kind, unit_ns in UNITS.items():
        whole = float(NOON // unit_ns)
        assert read([whole], kind) == read([whole, 0.5], kind)[:1] == [NOON]


@pytest.mark.parametrize(("kind", "unit_ns"), UNITS.items())
def test_what_64_bits_of_nanoseconds_cannot_hold_with_room_to_spare_is_null(
    kind: EventTimeFormat, unit_ns: int
) -> None:
    limit = LIMIT_NS // unit_ns
    beyond = [limit + 1, -limit - 1, 2**63 - 1, -(2**63)]
    assert read(beyond, kind, pl.Int64) == [None] * 4
    assert read([limit, -limit], kind, pl.Int64) == [limit * unit_ns, -limit * unit_ns]
    floats = [1e300, -1e300, float("inf"), float("-inf"), float("nan"), None]
    assert read(floats, kind, pl.Float64) == [None] * 6


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("2024-05-01T12:00:00Z", NOON),
        ("2024-05-01T12:00:00z", NOON),
        ("2024-05-01t12:00:00Z", NOON),
        ("2024-05-01T12:00:00+00:00", NOON),
        ("2024-05-01T14:00:00+02:00", NOON),
        ("2024-05-01T06:30:00-05:30", NOON),
        ("2024-05-01T14:00:00+0200", NOON),
        ("2024-05-01T14:00:00+02", NOON),
        ("2024-05-01T12:00:00", NOON),
        ("2024-05-01 12:00:00", NOON),
        ("2024-05-01 12:00:00Z", NOON),
        ("2024-05-01 14:00:00+02:00", NOON),
        (" 2024-05-01T12:00:00Z ", NOON),
        ("2024-05-01T12:00", NOON),
        ("2024-05-01T12:00Z", NOON),
        ("2024-05-01T12", NOON),
        ("20240501T120000Z", NOON),
        ("2024-W18-3T12:00:00", NOON),
        ("2024-05-01", NOON - 12 * 3_600 * SECOND),
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2024-02-29T00:00:00Z", NOON - (61 * 24 + 24 + 12) * 3_600 * SECOND),
    ],
)
def test_forms_of_iso_8601(text: str, time_ns: int) -> None:
    assert one(text) == time_ns


@pytest.mark.parametrize("digits", range(1, 13))
@pytest.mark.parametrize("zone", ["Z", "", "+00:00", "+0000"])
@pytest.mark.parametrize("separator", ["T", " "])
@pytest.mark.parametrize("point", [".", ","])
def test_fractions_of_iso_8601_are_kept_to_the_nanosecond(
    digits: int, zone: str, separator: str, point: str
) -> None:
    fraction = "123456789123"[:digits]
    text = f"2024-05-01{separator}12:00:00{point}{fraction}{zone}"
    assert one(text) == NOON + int(fraction[:9].ljust(9, "0"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "now",
        "12:00:00",
        "2024",
        "2024-13-01T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2023-02-29",
        "2024-05-01T25:00:00Z",
        "2024-05-01T12:00:00+99:99",
        "2024-05-01T12:00:00 Europe/Berlin",
        "01.05.2024",
        "05/01/2024",
        "Wed, 01 May 2024 12:00:00 GMT",
        "1714564800",
        "2024-05-01T12:00:00Z and more",
        "\0",
        "٢٠٢٤-٠٥-٠١T12:00:00",
    ],
)
def test_what_is_no_date_is_null(text: str) -> None:
    assert one(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "1500-01-01T00:00:00Z",
        "1714-01-01",
        "2226-01-01T00:00:00",
        "2263-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-23:59",
        "+12024-05-01T12:00:00Z",
        "+292278-01-01T00:00:00Z",
    ],
)
def test_dates_that_nanoseconds_do_not_reach_are_null_and_do_not_wrap_around(text: str) -> None:
    assert one(text) is None


def in_berlin(text: str) -> int | None:
    column = pl.Series("ts", [text], pl.String)
    time: int | None = event_time_ns(column, "iso8601", ZoneInfo("Europe/Berlin"))[0]
    return time


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-05-01T14:00:00", "2024-05-01T12:00:00Z"),
        ("2024-01-01 13:00", "2024-01-01T12:00:00Z"),
        ("2024-05-01", "2024-04-30T22:00:00Z"),
        ("2024-05-01T12:00:00.123456789", "2024-05-01T10:00:00.123456789Z"),
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"),
        ("2024-05-01T12:00:00-05:00", "2024-05-01T17:00:00Z"),
        # the clock goes back at 3 to 2: the first half past two
        ("2024-10-27T02:30:00", "2024-10-27T00:30:00Z"),
        # it goes forward at 2 to 3: half past two is not there, and read with the offset before
        ("2024-03-31T02:30:00", "2024-03-31T01:30:00Z"),
    ],
)
def test_a_text_without_a_zone_is_in_the_given_one(text: str, utc: str) -> None:
    assert in_berlin(text) == one(utc)


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59", "0001-01-01T00:00+23:59"])
def test_the_ends_of_the_calendar_are_null_in_any_zone(text: str) -> None:
    assert in_berlin(text) is None


def test_nulls_stay_null_among_readable_and_unreadable_texts() -> None:
    texts = [None, "2024-05-01T12:00:00Z", "x", None, "2024-05-01", "2024-05-01T12:00:00.000000001"]
    assert read(texts, "iso8601") == [None, NOON, None, None, NOON - 43_200 * SECOND, NOON + 1]


@pytest.mark.parametrize("kind", ["iso8601", *UNITS])
def test_no_values_and_only_nulls(kind: EventTimeFormat) -> None:
    dtype = decoded_type(kind).dtype
    assert read([], kind, dtype) == []
    assert read([None, None], kind, dtype) == [None, None]


def test_nanoseconds_are_read_as_integers_for_no_double_holds_them() -> None:
    assert decoded_type("epoch_ns") is FieldType.INT
    assert decoded_type("epoch_ms") is FieldType.FLOAT
    assert decoded_type("iso8601") is FieldType.STRING


ZONES = st.integers(-1_439, 1_439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1720, 1, 1), datetime(2220, 1, 1), timezones=ZONES | st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(["T", " "]))))
def test_iso_8601_reads_back_what_datetime_writes(moments: list[tuple[datetime, str]]) -> None:
    texts = [moment.isoformat(separator) for moment, separator in moments]
    micros = [(moment - EPOCH) // timedelta(microseconds=1) for moment, _ in moments]
    assert read(texts, "iso8601", pl.String) == [micro * 1_000 for micro in micros]


@given(st.lists(MOMENTS), st.sampled_from(["epoch_s", "epoch_ms", "epoch_us"]))
def test_epochs_read_back_what_datetime_writes(
    moments: list[datetime], kind: EventTimeFormat
) -> None:
    micros = [(moment - EPOCH) // timedelta(microseconds=1) for moment in moments]
    floats = [micro / (UNITS[kind] // 1_000) for micro in micros]
    times = read(floats, kind, pl.Float64)
    step_ns = {"epoch_s": 1_000, "epoch_ms": 1_000, "epoch_us": 0}[kind]
    for time_ns, micro in zip(times, micros, strict=True):
        assert time_ns is not None
        assert abs(time_ns - micro * 1_000) <= step_ns


@given(
    st.lists(
        st.text(max_size=30)
        | st.from_regex(r"[0-9+-]{1,6}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9:.,Z+-]{0,30}", fullmatch=True)
    )
)
def test_no_text_raises_and_each_is_read_alone(texts: list[str]) -> None:
    assert read(texts, "iso8601", pl.String) == [one(text) for text in texts]


@given(st.lists(st.floats() | st.none()), st.sampled_from(list(UNITS)))
def test_no_float_raises_and_each_is_read_alone(
    values: list[float | None], kind: EventTimeFormat
) -> None:
    alone = [read([value], kind, pl.Float64)[0] for value in values]
    assert read(values, kind, pl.Float64) == alone


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()), st.sampled_from(list(UNITS)))
def test_no_integer_raises_and_each_is_exact(
    values: list[int | None], kind: EventTimeFormat
) -> None:
    exact = [None if value is None else value * UNITS[kind] for value in values]
    expected = [time if time is not None and abs(time) <= LIMIT_NS else None for time in exact]
    assert read(values, kind, pl.Int64) == expected
