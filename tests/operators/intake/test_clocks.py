"""One clock that is ahead makes nobody late, and is named."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from operators.intake.clocks import Clocks, ClockState, Mover
from operators.intake.intake import Intake, IntakeState
from operators.intake.limit import LetterLimit
from operators.intake.plan import IntakePlan, telling
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import make_plan, message
from tidegauge.batch import EventBatch, RawBatch
from tidegauge.errors import UserMistake

MS, SECOND = 1_000_000, 1_000_000_000
MINUTE_MS = 60_000
ALLOWED_MS = 5_000
"""Out-of-orderness 2 s and lateness 3 s of the plan."""
RUN = 3

Message = tuple[int, int]
"""Event time and Kafka timestamp, milliseconds."""


def held_one_by_one(messages: list[Message]) -> list[bool]:
    """The rule, message by message."""
    found, run = [], 0
    for time, stamp in messages:
        run = run + 1 if stamp >= 0 and time - stamp > ALLOWED_MS else 0
        found.append(0 < run <= RUN)
    return found


@example(messages=[(10_000, 0)] * 6, cuts=[2], restart=True)
@example(messages=[(10_000, 0)] * 6, cuts=[1, 4], restart=True)
@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(-1, 12_000)), max_size=30),
    st.lists(st.integers(0, 30), max_size=4),
    st.booleans(),
)
def test_whatever_the_batches_those_too_far_ahead_are_held_unless_very_many_are(
    messages: list[Message],
    cuts: list[int],
    restart: bool,  # noqa: FBT001 - given by name
) -> None:
    clocks, moved = Clocks(None, RUN), []
    edges = sorted({0, len(messages), *(cut for cut in cuts if cut < len(messages))})
    for first, last in pairwise(edges):
        part = np.array(messages[first:last], np.int64).reshape(-1, 2)
        times, stamps = part[:, 0] * MS, part[:, 1]
        if restart:
            clocks = Clocks(clocks.state, RUN)
        if clocks.surely_none(int(times.max()), int(stamps.min()), ALLOWED_MS * MS):
            moves = clocks.all_in_full(times)
            assert not moves.held.size
        else:
            moves = clocks.moves(times, stamps, ALLOWED_MS * MS)
        moved += (moves.times // MS).tolist()
    held = held_one_by_one(messages)
    expected = [stamp if late else time for (time, stamp), late in zip(messages, held, strict=True)]
    assert moved == expected


def test_a_state_without_anything_to_remember_is_none() -> None:
    clocks = Clocks(ClockState())
    clocks.all_in_full(np.array([1], np.int64))
    assert clocks.state is None


@pytest.mark.parametrize(("ahead_ms", "held"), [(1_000, False), (1_001, True), (1_999, True)])
def test_clocks_that_agree_to_a_second_agree_whatever_is_allowed(
    ahead_ms: int,
    held: bool,  # noqa: FBT001 - given by name
) -> None:
    times, stamps = np.array([5_000 + ahead_ms]) * MS, np.array([5_000])
    assert Clocks(None).moves(times, stamps, 0).held.size == held
    assert Clocks(None).surely_none(int(times[0]), 5_000, 0) is not held


def plan_of(max_future: str = "5m", told: list[str] | None = None) -> IntakePlan:
    plan = make_plan(event_time={"max_future": max_future})
    return telling(plan, told.append) if told is not None else plan


def limited(max_future: str) -> IntakePlan:
    """At most half of the last 100 messages may be dead letters; declared by this `max_future`."""
    return replace(plan_of(max_future), letters=LetterLimit(0.5, 100, 20, max_future))


def take(intake: Intake, messages: list[Message], first: int = 0) -> EventBatch:
    raw = RawBatch(
        [message(ts=time) for time, _ in messages],
        range(first, first + len(messages)),
        [stamp for _, stamp in messages],
        [f"device {number % 5}".encode() for number in range(first, first + len(messages))],
    )
    return intake.take(raw)


def intake_of(plan: IntakePlan, state: IntakeState | None = None) -> Intake:
    return Intake(plan, 0, 1, ProgressBoard(), state or IntakeState())


BASE = 1_700_000_000_000
NORMAL = [(BASE + 100 * number, BASE + 100 * number) for number in range(200)]
AHEAD = (BASE + 4 * MINUTE_MS, BASE)


@pytest.mark.parametrize("often", [1, 3])
def test_a_clock_that_is_ahead_makes_nobody_late_and_its_events_count(often: int) -> None:
    messages = [one for number, one in enumerate(NORMAL) if number % 7]
    for number in range(often):
        at = messages[50 * number][1]
        messages.insert(50 * number, (at + 4 * MINUTE_MS, at))
    batch = take(intake_of(plan_of()), messages)
    assert batch.counts.on_time == len(messages)
    assert batch.progress.watermark_ns == (messages[-1][0] - 2_000) * MS


def test_the_event_of_such_a_clock_is_told_once_with_offset_and_key() -> None:
    told: list[str] = []
    intake = intake_of(plan_of(told=told))
    take(intake, [*NORMAL[:8], AHEAD, AHEAD])
    take(intake, [AHEAD], 10)
    (line,) = told
    assert line.startswith(
        "kafka: t-0: the event at offset 8 (key 'device 3'), which is 4m ahead of its Kafka"
        " timestamp: more"
    )


def test_a_partition_that_goes_by_its_events_again_is_told_once() -> None:
    told: list[str] = []
    intake = intake_of(plan_of(told=told))
    take(intake, [*NORMAL[:8], *[AHEAD] * 999])
    take(intake, [AHEAD], 1_007)
    assert len(told) == 1
    take(intake, [AHEAD] * 5, 1_008)
    take(intake, [NORMAL[9], *[AHEAD] * 1_005], 1_013)
    _, line = told
    assert line.startswith("kafka: t-0: from offset 1008 on event time goes by the events again")


def jumped() -> list[Message]:
    """One message of a producer whose clock, which stamps the message too, is ahead."""
    return [*NORMAL[:30], (AHEAD[0], AHEAD[0]), *NORMAL[30:]]


def take_in_pieces(intake: Intake, messages: list[Message], size: int) -> None:
    for first in range(0, len(messages), size):
        take(intake, messages[first : first + size], first)


@pytest.mark.parametrize("size", [200, 31, 7])
def test_the_line_that_ends_the_flow_names_what_moved_the_watermark(size: int) -> None:
    with pytest.raises(UserMistake, match="goes back to offset 30 \\(key 'device 0'\\)\\)"):
        take_in_pieces(intake_of(limited("5m")), jumped(), size)


def test_after_a_correction_what_the_watermark_has_passed_does_not_stop_the_flow_again() -> None:
    intake = intake_of(limited("5m"))
    take(intake, jumped()[:40])
    saved = intake.state
    corrected = intake_of(limited("30s"), saved)
    batch = take(corrected, jumped()[40:], 40)
    assert batch.counts.late == 170
    # Also after one more restart.
    again = take(intake_of(limited("30s"), corrected.state), NORMAL, 201)
    assert again.counts.late == 370
    # What is late for something new counts again.
    fresh = (BASE + 60 * MINUTE_MS, BASE + 60 * MINUTE_MS)
    with pytest.raises(UserMistake, match="dead letters"):
        take(intake_of(limited("30s"), corrected.state), [fresh, *NORMAL], 201)


def test_without_a_correction_the_count_goes_on() -> None:
    intake = intake_of(limited("5m"))
    take(intake, jumped()[:40])
    with pytest.raises(UserMistake, match="dead letters"):
        take(intake_of(limited("5m"), intake.state), jumped()[40:], 40)


def test_a_mover_is_told_with_what_is_known_of_it() -> None:
    assert str(Mover(5, None, 0)) == "offset 5"
    assert str(Mover(5, "k", 61 * SECOND)) == (
        "offset 5 (key 'k'), which is 1m1s ahead of its Kafka timestamp"
    )
