"""Event times in another unit than declared: nothing is refused, and a person is told."""

import pytest

from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import telling
from operators.intake.units import EARLY_NS, doubt, likely_unit
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import make_plan, message, raw
from tidegauge.spec.models import EventTimeFormat

UNITS: list[EventTimeFormat] = ["epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]
PER_SECOND = dict(zip(UNITS, (1, 10**3, 10**6, 10**9), strict=True))
IN_2023_S = 1_700_000_000
STAMP_MS = 1_764_000_000_000


@pytest.mark.parametrize("written", UNITS)
@pytest.mark.parametrize("declared", UNITS)
def test_the_unit_in_which_a_time_is_of_our_days_is_found(
    written: EventTimeFormat, declared: EventTimeFormat
) -> None:
    time_ns = IN_2023_S * PER_SECOND[written] * (10**9 // PER_SECOND[declared])
    assert likely_unit(time_ns, declared) == (None if written == declared else written)
    if UNITS.index(written) < UNITS.index(declared):
        assert time_ns < EARLY_NS


@pytest.mark.parametrize("time_ns", [0, -5, 10**12, 86_400 * 10**9 * 365 * 15])
def test_a_time_that_no_unit_makes_plausible_is_not_doubted(time_ns: int) -> None:
    assert likely_unit(time_ns, "epoch_ms") is None


def test_a_message_that_was_written_long_ago_itself_is_not_doubted() -> None:
    early_ns = IN_2023_S * 10**6
    assert doubt("sources.s", "ts", "epoch_ms", early_ns, 1_700_000_000) is None
    assert doubt("sources.s", "ts", "epoch_ms", early_ns, -1) is not None


def test_seconds_read_as_milliseconds_are_taken_and_told_once() -> None:
    told: list[str] = []
    intake = Intake(telling(make_plan(), told.append), 0, 1, ProgressBoard(), IntakeState())
    seconds = [message(ts=IN_2023_S + number) for number in range(5)]
    for first in (0, 5):
        assert intake.take(raw(seconds, first, STAMP_MS)).on_time.height == 5
    (line,) = told
    assert line == (
        "sources.s.event_time: ts read as epoch_ms is on 1970-01-20, though its message was written"
        " on 2025-11-24; read as epoch_s it is on 2023-11-14: if that is meant, write format:"
        " epoch_s and begin with an empty recovery directory"
    )


def test_one_message_in_seconds_among_others_is_told_too() -> None:
    told: list[str] = []
    intake = Intake(telling(make_plan(), told.append), 0, 1, ProgressBoard(), IntakeState())
    times = [IN_2023_S * 1_000, IN_2023_S, IN_2023_S * 1_000]
    batch = intake.take(raw([message(ts=time) for time in times], 0, STAMP_MS))
    assert (batch.counts.on_time, batch.counts.late) == (2, 1)
    assert len(told) == 1


@pytest.mark.parametrize("written", UNITS[1:])
@pytest.mark.parametrize("declared", UNITS[:-1])
def test_a_number_that_is_no_time_in_the_declared_unit_is_named_by_its_own(
    written: EventTimeFormat, declared: EventTimeFormat
) -> None:
    value = IN_2023_S * PER_SECOND[written]
    intake = Intake(
        make_plan(event_time={"format": declared}), 0, 1, ProgressBoard(), IntakeState()
    )
    batch = intake.take(raw([message(ts=value)]))
    if batch.dead_letters["kind"].to_list() == ["no_event_time"]:
        assert batch.dead_letters["reason"][0].endswith(f"it seems to be {written}")
    else:
        assert UNITS.index(written) <= UNITS.index(declared) + 1


def test_milliseconds_read_as_seconds_are_letters_that_say_what_they_seem_to_be() -> None:
    plan = make_plan(event_time={"format": "epoch_s"})
    intake = Intake(plan, 0, 1, ProgressBoard(), IntakeState())
    letters = intake.take(raw([message(ts=IN_2023_S * 1_000), message(ts=None)])).dead_letters
    assert letters["reason"].to_list() == [
        "no event time: ts is '1700000000000.0', allowed is epoch_s; it seems to be epoch_ms",
        "no event time: ts is missing, allowed is epoch_s",
    ]
