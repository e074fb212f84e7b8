"""A plausible time is between 2000 and 2100; a number's magnitude is its unit."""

from typing import Any

import pytest

from tidegauge.spec.inference.times import read_time

SECOND = 1_700_000_000


@pytest.mark.parametrize(
    ("value", "kind", "time_ns"),
    [
        (SECOND, "epoch_s", SECOND * 10**9),
        (SECOND + 0.25, "epoch_s", SECOND * 10**9 + 250_000_000),
        (SECOND * 1_000 + 7, "epoch_ms", SECOND * 10**9 + 7_000_000),
        (SECOND * 1_000 + 0.5, "epoch_ms", SECOND * 10**9 + 500_000),
        (SECOND * 10**6 + 7, "epoch_us", SECOND * 10**9 + 7_000),
        (SECOND * 10**9 + 7, "epoch_ns", SECOND * 10**9 + 7),
        ("2023-11-14T22:13:20Z", "iso8601", SECOND * 10**9),
        ("2023-11-14T23:13:20.5+01:00", "iso8601", SECOND * 10**9 + 500_000_000),
        ("2023-11-14 22:13:20", "iso8601", SECOND * 10**9),
    ],
)
def test_time_and_format(value: Any, kind: str, time_ns: int) -> None:
    read = read_time(value)
    assert read is not None
    assert (read.format, read.time_ns) == (kind, time_ns)


NO_TIMES = (
    *(None, True, 0, 7, -SECOND, 10**30, 1.7e18, [SECOND], {"t": SECOND}),
    *("", "noon", "12:00:00", "1999-12-31T00:00:00Z", "2100-01-02T00:00:00Z"),
    "2023-11-14T22:13:20Z" * 50,
)


@pytest.mark.parametrize("value", NO_TIMES)
def test_what_is_no_time(value: Any) -> None:
    assert read_time(value) is None


def test_a_text_tells_whether_it_has_a_clock_and_a_zone() -> None:
    days = read_time("2023-11-14")
    local = read_time("2023-11-14T22:13:20")
    assert days is not None
    assert local is not None
    assert (days.has_clock, local.has_clock, local.has_zone) == (False, True, False)
