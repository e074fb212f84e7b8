"""Events judged by the out-of-orderness that holds at their offset, in every run alike."""

import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from operators.intake.intake import Intake, IntakeState
from operators.progress.board import ProgressBoard
from operators.progress.journaled import JournaledBoard
from tests.operators.intake.stream import cut, make_plan, message, offsets, raw
from tidegauge.batch import NO_TIME, OFFSET, Counts, PartitionState
from tidegauge.journal import Claim

SECOND = 1_000_000_000
LATENESS = 3
Changes = dict[int, int]
"""Seconds of out-of-orderness by the offset from which they hold."""


def intake_of(changes: Changes, state: IntakeState | None = None) -> Intake:
    """An intake whose plan says what holds last, with these claims in the journal."""
    board = JournaledBoard()
    for offset, second in sorted(changes.items()):
        board.claimed(Claim("s", "t", 0, "run", offset, second * SECOND, 0))
    newest = changes[max(changes)]
    plan = make_plan(event_time={"out_of_orderness": f"{newest}s", "lateness": f"{LATENESS}s"})
    return Intake(plan, 0, 1, board, state or IntakeState())


def at(*seconds: int) -> list[bytes | None]:
    return [message(ts=second * 1_000) for second in seconds]


def test_what_had_passed_stays_passed_when_more_disorder_is_allowed() -> None:
    batch = intake_of({0: 1, 2: 10}).take(raw(at(5, 20, 19, 18, 15, 31, 21, 20)))
    assert offsets(batch.on_time) == [0, 1, 2, 5, 6]
    assert offsets(batch.corrections) == [3, 7]
    assert batch.dead_letters[OFFSET.removeprefix("_")].to_list() == [4]
    assert batch.progress.watermark_ns == 21 * SECOND


def test_less_disorder_is_allowed_from_its_offset_on() -> None:
    batch = intake_of({0: 10, 2: 1}).take(raw(at(20, 10, 18, 20)))
    assert offsets(batch.on_time) == [0, 1, 3]
    assert offsets(batch.corrections) == [2]


@example([50, 49], {15: 0}, [1, 1])
@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=20),
    st.dictionaries(st.integers(0, 20), st.integers(0, 30), max_size=3),
    st.lists(st.integers(0, 20), max_size=4),
)
def test_batches_and_restarts_make_no_difference(
    seconds: list[int], later: Changes, cuts: list[int]
) -> None:
    changes = {0: 2, **later}
    whole = intake_of(changes).take(raw(at(*seconds)))
    state, found = IntakeState(), Counts()
    on_time: list[int] = []
    for piece in cut(raw(at(*seconds)), cuts):
        intake = intake_of(changes, pickle.loads(pickle.dumps(state)))  # noqa: S301 - made here
        batch = intake.take(piece)
        on_time += offsets(batch.on_time)
        state, found = intake.state, batch.counts
        assert batch.progress.watermark_ns >= NO_TIME
    assert on_time == offsets(whole.on_time)
    assert found == whole.counts
    assert state.high_ns == max(seconds) * SECOND


@pytest.mark.parametrize(("before_s", "after_s"), [(1, 30), (30, 1)])
def test_without_a_journal_what_has_passed_stays_passed_too(before_s: int, after_s: int) -> None:
    def plan_of(second: int) -> Intake:
        plan = make_plan(event_time={"out_of_orderness": f"{second}s", "lateness": "3s"})
        return Intake(plan, 0, 1, ProgressBoard(), state)

    state = IntakeState()
    first = plan_of(before_s)
    passed_ns = first.take(raw(at(100))).progress.watermark_ns
    state = first.state
    second = plan_of(after_s)
    assert second.quiet(PartitionState.ACTIVE).progress.watermark_ns == passed_ns
    batch = second.take(raw(at(98)))
    assert batch.on_time.height == (before_s == 30 and after_s > 1)
    assert batch.progress.watermark_ns == max(passed_ns, (100 - after_s) * SECOND)


def test_a_state_of_the_first_version_is_read() -> None:
    old = IntakeState(100 * SECOND, NO_TIME, Counts(read=7))
    object.__delattr__(old, "out_of_orderness_ns")
    batch = intake_of({0: 2}, old).take(raw(at(98, 97)))
    assert (batch.on_time.height, batch.corrections.height, batch.counts.read) == (1, 1, 9)
