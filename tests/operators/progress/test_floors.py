import itertools

from hypothesis import given
from hypothesis import strategies as st

from operators.progress.floors import Floors
from tidegauge.batch import NO_TIME

GIVEN = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 99)), max_size=12)


def floors_of(given_floors: list[tuple[int, int]]) -> Floors:
    floors = Floors()
    for offset, floor_ns in given_floors:
        floors.add(offset, floor_ns)
    return floors


@given(GIVEN, st.integers(0, 10))
def test_the_highest_that_began_so_far_holds(given_floors: list[tuple[int, int]], at: int) -> None:
    begun = [floor_ns for offset, floor_ns in given_floors if offset <= at]
    assert floors_of(given_floors).at(at) == max(begun, default=NO_TIME)


@given(GIVEN, st.integers(0, 10))
def test_those_up_to_an_offset_rise(given_floors: list[tuple[int, int]], last: int) -> None:
    floors = floors_of(given_floors)
    steps = floors.upto(last)
    for one, following in itertools.pairwise(steps):
        assert one[0] < following[0]
        assert one[1] < following[1]
    assert all(offset <= last for offset, _ in steps)
    assert max((floor_ns for _, floor_ns in steps), default=NO_TIME) == floors.at(last)


@given(GIVEN, st.integers(0, 10), st.integers(0, 10))
def test_what_is_forgotten_holds_later_all_the_same(
    given_floors: list[tuple[int, int]], forgotten: int, ahead: int
) -> None:
    floors = floors_of(given_floors)
    before = floors.at(forgotten + ahead)
    floors.forget(forgotten)
    assert floors.at(forgotten + ahead) == before
    assert len(floors.upto(forgotten)) <= 1


def test_the_highest_of_all_is_known() -> None:
    assert Floors().highest_ns == NO_TIME
    assert floors_of([(3, 30), (9, 20)]).highest_ns == 30
