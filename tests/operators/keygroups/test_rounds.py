import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from operators.keygroups.rounds import rounds


@given(st.lists(st.integers(0, 5), max_size=60))
def test_each_round_has_a_series_once_and_each_series_keeps_its_order(slots: list[int]) -> None:
    given_slots = np.array(slots, np.intp)
    turns = [turn.tolist() for turn in rounds(given_slots)]
    assert sorted(position for turn in turns for position in turn) == list(range(len(slots)))
    for turn in turns:
        assert len({slots[position] for position in turn}) == len(turn)
    for slot in set(slots):
        of_slot = [p for turn in turns for p in turn if slots[p] == slot]
        assert of_slot == sorted(of_slot)
    assert len(turns) == max((slots.count(slot) for slot in slots), default=0)
