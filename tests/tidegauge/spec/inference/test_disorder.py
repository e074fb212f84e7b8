"""Disorder by the rule of the source, and what is suggested for it."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.durations import UNITS_NS, parse_duration_ns
from tidegauge.spec.inference.disorder import (
    LONGEST_WAIT_NS,
    STEPS_NS,
    Disorder,
    measure_disorder,
    round_up,
)
from tidegauge.spec.inference.event_time import Moment

S = UNITS_NS["s"]
START = 1_736_942_400 * S


def measure(*partitions: list[int], appended: int = 0) -> Disorder:
    """Disorder of event times in seconds; the records are appended at `appended`."""
    return measure_disorder(
        {
            number: [Moment(START + time * S, START + appended * S) for time in times]
            for number, times in enumerate(partitions)
        }
    )


def test_an_event_is_held_against_the_newest_before_it_in_its_partition() -> None:
    #        0  1  2  3  4   behind: 0 0 1 0 3
    assert measure([0, 3, 2, 4, 1], [100, 101]).behind_ns == {0: 3 * S, 1: 0}


@given(st.lists(st.integers(0, 100), min_size=1))
def test_the_suggestion_covers_what_was_seen(times: list[int]) -> None:
    disorder = measure(times)
    highs = accumulate(times, max)
    most = max(high - time for high, time in zip(highs, times, strict=True))
    assert disorder.most_ns == most * S
    assert disorder.most_ns <= disorder.out_of_orderness_ns


@pytest.mark.parametrize(
    ("behind", "wait", "lateness"),
    [(0, "1s", "1m"), (4, "5s", "1m"), (40, "1m", "1m"), (3_000, "5m", "1h"), (90_000, "5m", "1h")],
)
def test_long_disorder_is_left_to_corrections(behind: int, wait: str, lateness: str) -> None:
    disorder = measure([behind, 0], appended=behind)
    suggested = (disorder.out_of_orderness_ns, disorder.lateness_ns)
    assert suggested == (parse_duration_ns(wait), parse_duration_ns(lateness))
    assert disorder.out_of_orderness_ns <= LONGEST_WAIT_NS


def test_an_event_from_the_future_moves_nothing() -> None:
    disorder = measure([0, 10**6, 1, 2])
    assert (disorder.most_ns, disorder.ahead_ns) == (0, 0)


def test_events_that_are_all_ahead_of_their_records_are_allowed_to_be() -> None:
    disorder = measure([7_200, 7_205, 7_203])
    assert disorder.ahead_ns == 7_203 * S
    assert disorder.most_ns == 2 * S
    assert disorder.max_future_ns == parse_duration_ns("3h")


def test_nothing_is_no_disorder() -> None:
    assert measure_disorder({}).out_of_orderness_ns == S


@given(st.integers(0, STEPS_NS[-1]))
def test_round_up_is_the_nearest_step_above(duration_ns: int) -> None:
    rounded = round_up(duration_ns)
    assert rounded == min(step for step in STEPS_NS if step >= duration_ns)
