"""Calendar days, weeks and fixed lengths, as periods."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from operators.windows.cumulative.periods import DAY_NS, WEEK_NS, Periods
from operators.windows.shapes import Cumulative

HOUR_NS = 3_600_000_000_000


def local(text: str, zone: str) -> int:
    """Nanoseconds of a local time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * 1_000_000_000


def hours(day: str, zone: str, size_ns: int = DAY_NS) -> float:
    """Length of the period that noon of this day lies in."""
    periods = Periods(Cumulative(size_ns, HOUR_NS, zone))
    (start,), _ = periods.steps(np.array([local(f"{day}T12:00", zone)]))
    return (periods.end(int(start)) - int(start)) / HOUR_NS


@pytest.mark.parametrize(
    ("day", "zone", "length"),
    [
        ("2026-03-28", "Europe/Berlin", 24),
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-10-25", "UTC", 24),
        ("2026-04-05", "Australia/Lord_Howe", 24.5),
        ("2018-11-04", "America/Sao_Paulo", 23),
        ("2018-02-17", "America/Sao_Paulo", 25),
        ("2011-12-29", "Pacific/Apia", 24),
        ("2011-12-31", "Pacific/Apia", 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(day: str, zone: str, length: float) -> None:
    assert hours(day, zone) == length


def test_a_day_without_midnight_begins_with_its_first_moment() -> None:
    zone = "America/Sao_Paulo"
    periods = Periods(Cumulative(DAY_NS, HOUR_NS, zone))
    (start,), _ = periods.steps(np.array([local("2018-11-04T12:00", zone)]))
    assert start == local("2018-11-04T01:00", zone)
    (before,), _ = periods.steps(np.array([start - 1]))
    assert before == local("2018-11-03T00:00", zone)


def test_a_week_begins_on_monday_and_changes_its_length_with_the_clocks() -> None:
    zone = "Europe/Berlin"
    periods = Periods(Cumulative(WEEK_NS, HOUR_NS, zone))
    (start,), _ = periods.steps(np.array([local("2026-03-26T12:00", zone)]))
    assert start == local("2026-03-23T00:00", zone)
    assert hours("2026-03-26", zone, WEEK_NS) == 7 * 24 - 1


def test_another_length_is_aligned_to_the_epoch_also_before_it() -> None:
    periods = Periods(Cumulative(6 * HOUR_NS, HOUR_NS, "Europe/Berlin"))
    starts, ends = periods.steps(np.array([-1, 0, 7 * HOUR_NS]))
    assert starts.tolist() == [-6 * HOUR_NS, 0, 6 * HOUR_NS]
    assert ends.tolist() == [0, HOUR_NS, 8 * HOUR_NS]


def test_the_last_step_ends_with_the_period() -> None:
    zone = "Australia/Lord_Howe"
    periods = Periods(Cumulative(DAY_NS, HOUR_NS, zone))
    start = local("2026-04-05T00:00", zone)
    ends = periods.ends(start, -(2**70), 2**70)
    assert np.diff(ends).tolist() == [HOUR_NS] * 23 + [HOUR_NS // 2]
    assert ends[-1] == local("2026-04-06T00:00", zone)


def test_ends_are_those_after_one_time_and_until_another() -> None:
    periods = Periods(Cumulative(4 * HOUR_NS, HOUR_NS, "UTC"))
    assert periods.ends(0, HOUR_NS, 3 * HOUR_NS).tolist() == [2 * HOUR_NS, 3 * HOUR_NS]
    assert periods.ends(0, 3 * HOUR_NS, 9 * HOUR_NS).tolist() == [4 * HOUR_NS]
    assert periods.ends(0, 4 * HOUR_NS, 9 * HOUR_NS).tolist() == []
    assert periods.ends(0, -HOUR_NS, HOUR_NS - 1).tolist() == []


def test_days_far_apart_in_one_batch() -> None:
    zone = "Europe/Berlin"
    periods = Periods(Cumulative(DAY_NS, HOUR_NS, zone))
    days = ["1980-06-01", "2026-03-29", "2200-01-01"]
    starts, _ = periods.steps(np.array([local(f"{day}T23:30", zone) for day in days]))
    assert starts.tolist() == [local(f"{day}T00:00", zone) for day in days]
