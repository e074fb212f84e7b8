"""Days so far, also those on which clocks change, against a reference that looks at each minute."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.operators.windows.conformance.flow import (
    Step,
    assert_given,
    judged,
    plan_of,
    records,
    run,
)
from tests.operators.windows.conformance.kinds import Kind, Place, day_so_far

HOUR_MS = 3_600_000
HOURS = [-20, -3, 0, 0.5, 1, 2.5, 3, 7, 13, 22, 22.9, 23, 24.5, 30]


def kind(zone: str, *, at_each: bool) -> Kind:
    """A day so far, every hour."""
    declared = {"cumulative": {"size": "1d", "every": "1h"}}
    rule = day_so_far(zone, HOUR_MS, at_each=at_each)
    return Kind("day", declared, rule, zone, every_step=at_each)


def day(date: str, zone: str) -> list[Step]:
    """Events from the day before to the day after, with one that is a correction."""
    midnight = datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone))
    start = int(midnight.timestamp() * 1_000)
    events: list[dict[str, Any]] = []
    for number, hour in enumerate(HOURS):
        at = start + int(hour * HOUR_MS)
        events.append({"ts": at, "k": "ab"[number % 2], "v": float(number), "q": 1, "b": None})
        if hour == 7:
            events.append({**events[-1], "ts": at - 6, "k": "a"})
    return [(0, [event]) for event in events]


@pytest.mark.parametrize("at_each", [False, True])
@pytest.mark.parametrize(
    ("date", "zone", "steps"),
    [
        ("2026-03-29", "Europe/Berlin", 23),
        ("2026-10-25", "Europe/Berlin", 25),
        ("2026-10-25", "UTC", 24),
        ("2018-11-04", "America/Sao_Paulo", 23),
        ("2026-04-05", "Australia/Lord_Howe", 25),
    ],
)
def test_the_hours_of_a_day_give_the_day_so_far(
    date: str,
    zone: str,
    steps: int,
    at_each: bool,  # noqa: FBT001 - pytest gives it by name
) -> None:
    stream, made = day(date, zone), kind(zone, at_each=at_each)
    flow = run([plan_of(made, by=["k"], select={"sum_v": "sum(v)", "n": "count(*)"})], stream)
    found = records(flow.records, ["k"])
    assert_given(found, made.expected(judged(stream, 1), ["k"]))
    noon = datetime.fromisoformat(f"{date}T12:00").replace(tzinfo=ZoneInfo(zone))
    (begun,) = {place[1] for place in found if _holds(place, int(noon.timestamp()) * 10**9)}
    if at_each:
        assert len({end for _, start, end, _, _ in found if start == begun}) == steps


def _holds(place: Place, at_ns: int) -> bool:
    """Whether a window begins at most half a day before a time, or a little more."""
    return 0 < at_ns - place[1] < 14 * HOUR_MS * 10**6
