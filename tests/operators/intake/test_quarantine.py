"""The quarantine of a partition: bounded letters that lose nothing, the same in every run."""

import json
from dataclasses import replace
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.intake.intake import Intake, IntakeState
from operators.intake.limit import LetterLimit
from operators.intake.plan import IntakePlan, telling
from operators.intake.quarantine import BLOCK
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import cut, make_plan, message, raw, run
from tidegauge.batch import PartitionState, RawBatch

LIMIT = LetterLimit(share=0.5, window=20, least=5, declared="one", quarantines=True)
PLAN = replace(make_plan(), letters=LIMIT)


def messages(dead: list[bool], offset: int = 0) -> RawBatch:
    return raw([b"{" if one else message(ts=1_000, v=1.0) for one in dead], offset)


def refused_offsets(letters: pl.DataFrame) -> list[int]:
    """Offsets of all messages that letters tell of, each as often as it is told."""
    found: list[int] = []
    for kind, offset, detail in letters.select("kind", "offset", "detail").rows():
        if kind != "quarantined":
            found.append(offset)
            continue
        about = json.loads(detail)
        runs = [one for first, last in about["offsets"] for one in range(first, last + 1)]
        assert about["events"] == len(runs) == sum(about["kinds"].values())
        found += runs
    return found


def in_quarantine(dead: list[bool]) -> set[int]:
    """What the words say, message by message."""
    found, inside = set(), False
    for end in range(1, len(dead) + 1):
        last = dead[max(end - LIMIT.window, 0) : end]
        count = sum(last)
        if inside and (2 * count < LIMIT.least or 2 * count <= LIMIT.share * len(last)):
            inside = False
        if inside:
            found.add(end - 1)
        elif dead[end - 1] and count >= LIMIT.least and count > LIMIT.share * len(last):
            inside = True
    return found


RUNS = st.lists(st.tuples(st.booleans(), st.integers(1, 30)), max_size=12).map(
    lambda runs: [kind for kind, length in runs for _ in range(length)]
)


@settings(max_examples=150, deadline=None)
@given(RUNS, st.lists(st.integers(0, 200), max_size=6), st.integers(0, 2 * BLOCK), st.data())
def test_any_batches_and_restarts_give_the_same_letters(
    dead: list[bool], cuts: list[int], offset: int, data: st.DataObject
) -> None:
    restart = data.draw(st.booleans())
    whole = messages(dead, offset)
    # A message far behind ends the block.
    end = messages([False], offset + 10 * BLOCK)
    expected = run(PLAN, [whole, end])
    found = run(PLAN, [*(one for one in cut(whole, cuts) if one.payloads), end], restart=restart)
    assert found.dead_letters.sort("offset", "kind").equals(
        expected.dead_letters.sort("offset", "kind")
    )
    assert found.on_time.equals(expected.on_time)
    assert found.counts == expected.counts
    assert sorted(refused_offsets(expected.dead_letters)) == [
        offset + place for place, one in enumerate(dead) if one
    ]
    single = expected.dead_letters.filter(pl.col("kind") != "quarantined")["offset"].to_list()
    inside = in_quarantine(dead)
    assert single == [
        offset + place for place, one in enumerate(dead) if one and place not in inside
    ]


def test_a_flood_makes_one_letter_for_a_block_of_offsets() -> None:
    flood = run(PLAN, [messages([True] * 10 * BLOCK), messages([False], 10 * BLOCK)])
    assert flood.counts.dead_lettered == 10 * BLOCK
    kinds = flood.dead_letters["kind"].to_list()
    assert kinds.count("broken") == LIMIT.least
    assert kinds.count("quarantined") == 10
    assert sorted(refused_offsets(flood.dead_letters)) == list(range(10 * BLOCK))


def test_good_messages_are_taken_all_the_while() -> None:
    half = run(PLAN, [messages([False, True, True] * 100)])
    assert half.on_time["_offset"].to_list() == list(range(0, 300, 3))


def told(plan: IntakePlan, lines: list[str]) -> Intake:
    return Intake(telling(plan, lines.append), 3, 4, ProgressBoard(), IntakeState())


def test_its_begin_and_its_end_are_told_once() -> None:
    lines: list[str] = []
    intake = told(PLAN, lines)
    for start in range(0, 40, 10):
        assert intake.take(messages([True] * 10, start)).quarantined
    assert not intake.take(messages([False] * 40, 40)).quarantined
    began, ended = lines
    assert began == (
        "kafka: t-3: 5 of the last 5 messages became dead letters, up to offset 4 (broken: JSON is"
        " malformed: it ends too early); allowed is a share of 0.5, or fewer than 5: the partition"
        " is in quarantine, and the flow goes on: until it is over, one letter tells of all that is"
        " refused within 1,000 offsets; see tidegauge dlq"
    )
    assert ended == (
        "kafka: t-3: the quarantine is over before offset 54: no more than half of the dead letters"
        " that are allowed are left among the last messages"
    )


def test_the_end_of_a_bounded_input_tells_of_the_last_block() -> None:
    intake = told(PLAN, [])
    intake.take(messages([True] * 30))
    last = intake.quiet(PartitionState.FINISHED).dead_letters
    assert last["kind"].to_list() == ["quarantined"]
    assert sorted(refused_offsets(last)) == list(range(5, 30))
    assert intake.state.held is None


def test_another_declaration_ends_it_and_tells_of_what_was_held() -> None:
    intake = told(PLAN, [])
    intake.take(messages([True] * 30))
    edited = replace(PLAN, letters=replace(LIMIT, declared="another", quarantines=False))
    again = Intake(edited, 3, 4, ProgressBoard(), intake.state)
    letters = again.take(messages([False], 30)).dead_letters
    assert sorted(refused_offsets(letters)) == list(range(5, 30))


class OldState:
    """State of an earlier version, which has fewer attributes."""

    def __init__(self, state: Any, *, without: set[str]) -> None:
        for name in set(state.__slots__) - without:
            setattr(self, name, getattr(state, name))


def test_state_of_an_earlier_version_is_read() -> None:
    intake = told(PLAN, [])
    intake.take(messages([True] * 4))
    state = intake.state
    letters: Any = OldState(state.letters, without={"quarantined"})
    old: Any = OldState(replace(state, letters=letters), without={"held"})
    again = Intake(PLAN, 3, 4, ProgressBoard(), old)
    again.take(messages([True] * 2, 4))
    assert again.state.letters is not None
    assert again.state.letters.quarantined
