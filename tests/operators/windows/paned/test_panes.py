import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.accumulators import FIRST, LAST, ROWS
from operators.windows.paned.panes import Panes

HELD = (ROWS, FIRST, LAST)


def add(panes: Panes, rows: dict[tuple[int, int], int]) -> None:
    """Add events by pane and slot: how many; their time is the pane's number."""
    numbers = np.array([pane for pane, _ in rows], np.int64)
    slots = np.array([slot for _, slot in rows], np.int64)
    counts = np.array(list(rows.values()), np.int64)
    panes.add(numbers, slots, {ROWS.name: counts, FIRST.name: numbers, LAST.name: numbers})


def over(panes: Panes, first: int, count: int, slots: list[int]) -> list[tuple[int, ...]]:
    given_ = panes.over(first, count, np.array(slots, np.int64))
    return list(zip(*(given_[held.name].tolist() for held in HELD), strict=True))


def test_a_window_is_what_its_panes_hold_together() -> None:
    panes = Panes(HELD)
    add(panes, {(5, 0): 1, (6, 0): 2, (8, 0): 4, (6, 1): 8})
    assert over(panes, 5, 3, [0, 1]) == [(3, 5, 6), (8, 6, 6)]
    assert panes.live(5, 3).tolist() == [0, 1]
    assert panes.live(7, 2).tolist() == [0]


def test_adding_to_the_same_pane_again_merges() -> None:
    panes = Panes(HELD)
    add(panes, {(5, 0): 1})
    add(panes, {(5, 0): 2})
    assert over(panes, 5, 1, [0]) == [(3, 5, 5)]


def test_no_panes_hold_nothing() -> None:
    panes = Panes(HELD)
    assert panes.open == []
    assert panes.live(0, 10).size == 0
    assert over(panes, 0, 10, [2]) == [(0, FIRST.identity, LAST.identity)]
    add(panes, {})
    assert panes.open == []


def test_a_slot_that_was_never_added_to_holds_nothing() -> None:
    panes = Panes(HELD)
    add(panes, {(5, 0): 1})
    assert over(panes, 5, 1, [99]) == [(0, FIRST.identity, LAST.identity)]


def test_dropped_panes_are_forgotten_and_their_room_used_again() -> None:
    panes = Panes(HELD)
    for pane in range(1_000):
        add(panes, {(pane, 0): 1})
        panes.drop_before(pane - 3)
        assert len(panes.open) <= 4
    assert panes._matrices[ROWS.name].shape[0] <= 8
    assert over(panes, 0, 1_000, [0]) == [(4, 996, 999)]


def test_room_grows_with_what_is_open_and_not_with_how_often_it_is_added_to() -> None:
    panes = Panes(HELD)
    for _ in range(50):
        add(panes, {(pane, slot): 1 for pane in range(5) for slot in range(20)})
    assert panes._matrices[ROWS.name].shape == (5, 20)
    assert over(panes, 0, 5, [19]) == [(250, 0, 4)]


def restarted(panes: Panes, slots: int) -> Panes:
    """What a snapshot, pickled, brings back."""
    saved = pickle.loads(pickle.dumps(panes.snapshot(slots)))  # noqa: S301 - made here
    again = Panes(HELD)
    again.restore(saved, slots)
    return again


def test_a_snapshot_does_not_change_with_what_comes_after() -> None:
    panes = Panes(HELD)
    add(panes, {(5, 0): 1})
    saved = panes.snapshot(1)
    add(panes, {(5, 0): 1})
    restored = Panes(HELD)
    restored.restore(saved, 1)
    add(restored, {(5, 0): 5})
    assert over(restored, 5, 1, [0]) == [(6, 5, 5)]
    assert over(panes, 5, 1, [0]) == [(2, 5, 5)]


def test_a_pane_that_nothing_was_added_to_is_the_same_piece_in_the_next_snapshot() -> None:
    panes = Panes(HELD)
    add(panes, {(5, 0): 1, (6, 0): 1})
    before = panes.snapshot(1)
    add(panes, {(6, 3): 1, (7, 0): 1})
    after = panes.snapshot(4)
    assert after[5] is before[5]
    assert after[6] is not before[6]
    assert list(after) == [5, 6, 7]


def test_a_piece_that_was_brought_back_holds_until_its_pane_changes() -> None:
    panes = Panes(HELD)
    add(panes, {(5, 0): 1, (6, 0): 1})
    saved = panes.snapshot(1)
    again = Panes(HELD)
    again.restore(saved, 1)
    add(again, {(6, 1): 1})
    after = again.snapshot(2)
    assert after[5] is saved[5]
    assert after[6] is not saved[6]


def test_a_snapshot_holds_open_panes_and_known_slots_only() -> None:
    panes = Panes(HELD)
    add(panes, {(pane, 0): 1 for pane in range(50)})
    panes.drop_before(48)
    assert list(panes.snapshot(2)) == [48, 49]
    slots, columns = panes.snapshot(2)[48].content
    assert slots is None
    assert columns[ROWS.name].tolist() == [1, 0]


def test_of_a_pane_that_few_slots_are_in_a_snapshot_holds_those() -> None:
    panes = Panes(HELD)
    add(panes, {(5, slot): 1 for slot in range(100)} | {(6, 70): 2, (6, 90): 3})
    slots, columns = panes.snapshot(100)[6].content
    assert slots.tolist() == [70, 90]
    assert columns[ROWS.name].tolist() == [2, 3]
    assert over(restarted(panes, 100), 5, 2, [0, 70, 90]) == [(1, 5, 5), (3, 5, 6), (4, 5, 6)]


def test_kept_slots_are_renumbered_and_saved_anew() -> None:
    panes = Panes(HELD)
    add(panes, {(5, slot): slot + 1 for slot in range(6)})
    before = panes.snapshot(6)
    panes.renumber(np.array([1, 4]))
    assert [row[0] for row in over(panes, 5, 1, [0, 1, 2])] == [2, 5, 0]
    assert panes.snapshot(2)[5] is not before[5]
    assert [row[0] for row in over(restarted(panes, 2), 5, 1, [0, 1, 2])] == [2, 5, 0]


def test_panes_that_are_too_thin_for_more_slots_can_be_given_up() -> None:
    panes = Panes(HELD)
    add(panes, {(5, slot): 1 for slot in range(16)} | {(6, 3): 2})
    assert panes.thin(16, 4) == []
    assert panes.thin(17, 4) == [6]
    slots, columns = panes.pop(6)
    assert (slots.tolist(), columns[ROWS.name].tolist()) == ([3], [2])
    assert panes.open == [5]
    assert over(panes, 5, 2, [3]) == [(1, 5, 5)]


PLACES = st.dictionaries(
    st.tuples(st.integers(-5, 5), st.integers(0, 40)), st.integers(1, 9), max_size=12
)


@pytest.mark.parametrize("restart", [False, True])
@given(st.lists(PLACES | st.integers(-5, 6), max_size=12))
def test_it_holds_what_a_dictionary_would(
    restart: bool,  # noqa: FBT001 - pytest gives it by name
    steps: list[dict[tuple[int, int], int] | int],
) -> None:
    panes = Panes(HELD)
    held: dict[tuple[int, int], int] = {}
    for step in steps:
        if isinstance(step, int):
            panes.drop_before(step)
            held = {place: count for place, count in held.items() if place[0] >= step}
        else:
            add(panes, step)
            for place, count in step.items():
                held[place] = held.get(place, 0) + count
        if restart:
            panes = restarted(panes, 41)
    assert panes.open == sorted({pane for pane, _ in held})
    assert panes.all_live(41).tolist() == sorted({slot for _, slot in held})
    counts = [0] * 41
    for (_, slot), count in held.items():
        counts[slot] += count
    assert [row[0] for row in over(panes, -5, 11, list(range(41)))] == counts
