"""The limit on dead letters: exact, the same in every run, and saved."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.intake.intake import Intake, IntakeState
from operators.intake.limit import Excess, LetterCount, LetterLimit
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import make_plan, message, raw
from tidegauge.errors import UserMistake

LIMIT = LetterLimit(share=0.5, window=20, least=5)


def first_excess(limit: LetterLimit, dead: list[bool]) -> int | None:
    """What the words say, message by message."""
    for end in range(1, len(dead) + 1):
        last = dead[max(end - limit.window, 0) : end]
        if sum(last) >= limit.least and sum(last) > limit.share * len(last):
            return end - 1
    return None


@given(
    st.lists(st.booleans(), max_size=120),
    st.lists(st.integers(0, 120), max_size=6),
    st.integers(1, 30),
    st.integers(1, 12),
    st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_any_batches_and_restarts_stop_at_the_same_message(
    dead: list[bool], cuts: list[int], window: int, least: int, share: float
) -> None:
    limit = LetterLimit(share, window, least)
    ends = sorted({min(cut, len(dead)) for cut in cuts} | {len(dead)})
    count, at, stopped = LetterCount(limit, 0, None), 0, None
    for end in ends:
        excess = count.count(at, np.flatnonzero(dead[at:end]).tolist())
        if excess is not None:
            stopped = at + excess.position
            break
        at = end
        count = LetterCount(limit, at, pickle.loads(pickle.dumps(count.state)))  # noqa: S301 - written here
    assert stopped == first_excess(limit, dead)


def test_a_message_tells_how_many_there_were() -> None:
    assert LetterCount(LIMIT, 0, None).count(0, list(range(9))) == Excess(4, 5, 5)


def test_an_edited_declaration_begins_anew() -> None:
    count = LetterCount(LIMIT, 0, None)
    count.count(0, [0, 1, 2, 3])
    again = LetterCount(LIMIT, 4, count.state)
    assert again.count(4, [0]) is not None
    edited = LetterCount(replace(LIMIT, declared="edited"), 4, count.state)
    assert edited.count(4, [0]) is None


def test_an_intake_stops_before_it_passes_on_what_was_refused() -> None:
    plan = replace(make_plan(), letters=LIMIT)
    intake = Intake(plan, 3, 4, ProgressBoard(), IntakeState())
    intake.take(raw([message(ts=number, v=1.0) for number in range(4)]))
    before = intake.state
    with pytest.raises(UserMistake, match="5 of the last 9 messages became dead letters, up to"):
        intake.take(raw([b"{"] * 6, offset=4))
    assert before.counts.read == intake.state.counts.read == 4
