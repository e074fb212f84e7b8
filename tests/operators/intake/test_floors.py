"""Events judged against the floors of a journal."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.intake.intake import Intake, IntakeState
from operators.progress.journaled import JournaledBoard
from tests.operators.intake.stream import cut, make_plan, message, offsets, raw
from tidegauge.batch import OFFSET, PartitionState
from tidegauge.journal import Floor

PLAN = make_plan()
SECOND = 1_000_000_000
BOUND, LATENESS = 2, 3
"""Of the plan, in seconds."""
Floors = dict[int, int]


def intake_of(floors: Floors, state: IntakeState | None = None) -> Intake:
    """The intake of a partition whose floors are in the journal: seconds by offset."""
    board = JournaledBoard()
    for offset, second in floors.items():
        board.learn(Floor("s", "t", 0, offset, second * SECOND, "run"))
    return Intake(PLAN, 0, 1, board, state or IntakeState())


def at(*seconds: int) -> list[bytes | None]:
    return [message(ts=second * 1_000) for second in seconds]


def test_a_floor_holds_from_its_offset_on_within_a_batch_too() -> None:
    batch = intake_of({2: 20}).take(raw(at(5, 5, 19, 20, 5)))
    assert offsets(batch.on_time) == [0, 1, 3]
    assert offsets(batch.corrections) == [2]
    assert batch.dead_letters[OFFSET.removeprefix("_")].to_list() == [4]
    assert batch.progress.watermark_ns == 20 * SECOND


def test_a_floor_holds_where_its_own_record_is_refused() -> None:
    batch = intake_of({1: 20}).take(raw([*at(5), b"{", *at(19)]))
    assert offsets(batch.corrections) == [2]


def test_progress_tells_the_next_offset() -> None:
    intake = intake_of({})
    assert intake.take(raw(at(5, 6), offset=3)).progress.offset == 5
    assert intake.quiet(PartitionState.IDLE, 5).progress.offset == 5
    assert intake_of({}).quiet(PartitionState.IDLE, 9).progress.offset == 9


@pytest.mark.parametrize("state", [PartitionState.IDLE, PartitionState.ACTIVE])
def test_floors_further_on_leave_the_progress_alone(state: PartitionState) -> None:
    intake = intake_of({3: 20})
    intake.take(raw(at(5)))
    assert intake.quiet(state, 1).progress.watermark_ns == (5 - BOUND) * SECOND


@given(
    seconds=st.lists(st.integers(0, 30), max_size=30),
    floors=st.dictionaries(st.integers(0, 30), st.integers(0, 30), max_size=5),
    cuts=st.lists(st.integers(0, 30), max_size=5),
    restart=st.booleans(),
)
def test_verdicts_follow_from_the_log_and_its_floors(
    *, seconds: list[int], floors: Floors, cuts: list[int], restart: bool
) -> None:
    on_time, corrections = [], []
    for offset, second in enumerate(seconds):
        awaited = max(seconds[:offset], default=second) - BOUND
        awaited = max([awaited, *(f for begin, f in floors.items() if begin <= offset)])
        if second >= awaited:
            on_time.append(offset)
        elif second >= awaited - LATENESS:
            corrections.append(offset)
    intake = intake_of(floors)
    batches = []
    for part in cut(raw(at(*seconds), appended_ms=30_000), cuts):
        batches.append(intake.take(part))
        if restart:
            intake = intake_of(floors, pickle.loads(pickle.dumps(intake.state)))  # noqa: S301 - made here
    assert [offset for one in batches for offset in offsets(one.on_time)] == on_time
    assert [offset for one in batches for offset in offsets(one.corrections)] == corrections
