"""One reader of ISO 8601 for all who take times as text."""

import random
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.intake.event_time import LIMIT_NS, event_time_ns
from tidegauge.cli._announcing import time_ns as option_ns
from tidegauge.cli._dlq.selection import moment_ms
from tidegauge.cli.verify import option_ns as verify_ns
from tidegauge.errors import UserMistake
from tidegauge.isotime import read_iso8601
from tidegauge.spec.inference.times import read_time

SECOND = 1_000_000_000
NOON = 1_714_564_800 * SECOND
"""2024-05-01T12:00:00Z."""
MIDNIGHT = NOON + 12 * 3_600 * SECOND
"""At the end of that day."""
BERLIN = ZoneInfo("Europe/Berlin")
FORMS = {
    # fractions of minutes and hours
    "2024-05-01T12:00.5Z": NOON + 30 * SECOND,
    "2024-05-01T12:00,25": NOON + 15 * SECOND,
    "2024-05-01 12:00.50": NOON + 30 * SECOND,
    "20240501T1200.5+0000": NOON + 30 * SECOND,
    "2024-05-01T12.25Z": NOON + 900 * SECOND,
    "20240501T12,5": NOON + 1_800 * SECOND,
    "2024-05-01T12.000000000277777777778Z": NOON + 1_000,
    "2024-05-01T12:00.0000000001666666666667": NOON + 10,
    "2024-05-01T12:00.1234567Z": NOON + 7_407_402_000,
    # nanoseconds, also of the basic form
    "20240501T120000.123456789Z": NOON + 123_456_789,
    "20240501T120000,000000001+0000": NOON + 1,
    "20240501 120000.123456789": NOON + 123_456_789,
    "2024-W18-3T12:00:00.123456789": NOON + 123_456_789,
    "2024W183T120000.123456789Z": NOON + 123_456_789,
    "2024-05-01T12:00:00.1234567899Z": NOON + 123_456_789,
    # the end of a day
    "2024-05-01T24:00:00Z": MIDNIGHT,
    "2024-05-01T24:00": MIDNIGHT,
    "2024-05-01T24": MIDNIGHT,
    "20240501T240000.000Z": MIDNIGHT,
    "2024-05-01 24:00:00,0+00:00": MIDNIGHT,
    # second 60
    "2024-05-01T11:59:60Z": NOON,
    "2024-05-01T11:59:60": NOON,
    "20240501T115960Z": NOON,
    "2024-05-01T11:59:60.25Z": NOON + SECOND // 4,
    "2024-05-01T11:59:60,25": NOON + SECOND // 4,
    "2024-05-01T23:59:60Z": MIDNIGHT,
    "2024-05-01T23:59:60": MIDNIGHT,
    "2024-05-01T13:59:60+02:00": NOON,
    # Polars reads it, so all do
    "2024-5-1T12:0:0Z": NOON,
    "2024-05-01T12:00:00UTC": NOON,
}
NO_TIMES = [
    "2024-05-01T24:00:01Z",
    "2024-05-01T24:01Z",
    "2024-05-01T24:00:00.1Z",
    "2024-05-01T24.5Z",
    "2024-05-01T25:00Z",
    "2024-05-01T12:60Z",
    "2024-05-01T12:00:61Z",
    "2024-05-01T12:00:60:00Z",
    "2024-05-01T1200:00Z",
    "2024-05-01T12:0000Z",
    "2024-05-01T12:00.Z",
    "2024-05-01T12:00+25:00",
    "2024-05-01T12:00+02:60",
    "2024-05-01Z",
    "2024-05-01T",
    "2024-05-01T.5",
    "2024-W54-1",
    "noon",
    "2024-W18-8",
    "2024-00-01",
    "2024-02-30",
    "20240501T1200Z1",
    "٢٠٢٤-05-01T12:00",
    "2024-05",
    "\0",
]


def in_column(text: str, zone: object = UTC) -> int | None:
    column = event_time_ns(pl.Series([text], dtype=pl.String), "iso8601", zone)  # type: ignore[arg-type]
    time: int | None = column[0]
    return time


@pytest.mark.parametrize(("text", "time_ns"), FORMS.items())
def test_a_time_is_read_one_way_everywhere(text: str, time_ns: int) -> None:
    read = read_iso8601(text)
    assert read is not None
    assert read.time_ns == time_ns
    assert in_column(text) == time_ns
    assert option_ns("label", "--effective", text) == time_ns
    assert verify_ns("--from", text) == time_ns
    assert moment_ms("--since", text) == time_ns // 1_000_000
    guessed = read_time(text)
    assert guessed is not None
    assert guessed.time_ns == time_ns


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_none_everywhere(text: str) -> None:
    assert read_iso8601(text) is None
    assert in_column(text) is None
    assert read_time(text) is None
    with pytest.raises(UserMistake, match="is no time"):
        option_ns("label", "--at", text)
    with pytest.raises(UserMistake, match="is no time"):
        verify_ns("--to", text)
    with pytest.raises(UserMistake, match="allowed is a time"):
        moment_ms("--until", text)


def _drawn(rng: random.Random) -> str:
    """A text that is ISO 8601, or nearly."""
    date = rng.choice(
        [
            f"-{rng.randint(0, 13):02}-{rng.randint(0, 32):02}",
            f"{rng.randint(0, 13):02}{rng.randint(0, 32):02}",
            f"-W{rng.randint(0, 54):02}-{rng.randint(0, 8)}",
            f"W{rng.randint(0, 54):02}{rng.randint(0, 8)}",
            "-W07",
            "-02-29",
            "-12-31",
            "-03-31",
            "-10-27",
        ]
    )
    text = rng.choice(["2024", "2024", "2023", "1999", "0001", "9999"]) + date
    if rng.random() < 0.05:
        return text
    clock = rng.choice([[24, 0, 0], [rng.randint(0, 25), rng.randint(0, 61), rng.randint(0, 62)]])
    if rng.random() < 0.2:
        clock[2] = 60
    parts = [f"{part:02}" for part in clock[: rng.choice([1, 2, 3, 3, 3])]]
    text += rng.choice("Tt _") + rng.choice(["::", ":", ""])[:1].join(parts)
    if rng.random() < 0.4:
        text += rng.choice(".,") + str(rng.randint(0, 10 ** rng.randint(1, 12)))
    zones = ["", "", "Z", "z", "+01:00", "-0530", "+02", "+23:59", "-24:00", "+01:60", " +01:00"]
    return text + rng.choice(zones)


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), BERLIN, ZoneInfo("America/New_York")])
def test_a_column_of_texts_is_read_as_each_text_alone(zone: ZoneInfo) -> None:
    rng = random.Random(20240501)
    texts = [_drawn(rng) for _ in range(6_000)]
    column = event_time_ns(pl.Series(texts), "iso8601", zone)
    alone = [read_iso8601(text, zone) for text in texts]
    expected = [one.time_ns if one and abs(one.time_ns) <= LIMIT_NS else None for one in alone]
    assert sum(time is not None for time in expected) > 1_000
    wrong = [
        (text, found, wanted)
        for text, found, wanted in zip(texts, column, expected, strict=True)
        if found != wanted
    ]
    assert not wrong


@given(
    st.datetimes(datetime(1720, 1, 1), datetime(2220, 1, 1)),  # noqa: DTZ001 - in the zone below
    st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]),
    st.sampled_from([UTC, BERLIN]),
)
def test_a_local_time_is_that_of_the_zone(moment: datetime, spec: str, zone: ZoneInfo) -> None:
    text = moment.isoformat(timespec=spec)
    local = datetime.fromisoformat(text).replace(tzinfo=zone)
    since = local - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000
    read = read_iso8601(text, zone)
    assert read is not None
    assert read.time_ns == in_column(text, zone) == expected


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-05-01T24:00", "2024-05-01T22:00Z"),
        ("2024-03-30T24:00", "2024-03-30T23:00Z"),
        ("2024-10-26T24:00:00", "2024-10-26T22:00Z"),
        ("2024-12-31T23:59:60", "2024-12-31T23:00Z"),
        # the clock goes from 2 to 3, and at 3 back to 2
        ("2024-03-31T01:59:60", "2024-03-31T01:00Z"),
        ("2024-10-27T02:59:60.5", "2024-10-27T01:00:00.5Z"),
        ("2024-10-27T02:30.5", "2024-10-27T00:30:30Z"),
    ],
)
def test_the_end_of_a_day_or_minute_is_that_of_the_zone(text: str, utc: str) -> None:
    read, expected = read_iso8601(text, BERLIN), read_iso8601(utc)
    assert read is not None
    assert expected is not None
    assert read.time_ns == expected.time_ns == in_column(text, BERLIN)


def test_whether_a_text_has_a_time_of_day_and_a_zone_is_told() -> None:
    told = {text: read_iso8601(text) for text in ("2024-05-01", "20240501T12", "2024-05-01T12:00Z")}
    assert [(one.has_clock, one.has_zone) for one in told.values() if one] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_nobody_else_reads_times() -> None:
    """The standard library's reader misreads fractions of minutes, and knows no 24:00."""
    root = Path(__file__).parents[2]
    allowed = {
        "tidegauge/isotime.py",
        "connectors/influxdb/refusals.py",  # what the server writes
        "dataflows/simulation/truth.py",  # what the simulator wrote
    }
    folders = ("tidegauge", "operators", "connectors", "dataflows", "grafana")
    files = [file for folder in folders for file in (root / folder).rglob("*.py")]
    assert {
        str(file.relative_to(root)) for file in files if "fromisoformat" in file.read_text()
    } <= allowed
