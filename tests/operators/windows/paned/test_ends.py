import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from operators.windows.paned.ends import earliest_end, ends_between, latest_end
from operators.windows.shapes import Paned
from tidegauge.batch import END_OF_TIME, NO_TIME

MS = 1_000_000
HOUR, YEAR = 3_600_000, 365 * 86_400_000


def paned(size: int, every: int) -> Paned:
    return Paned(size * MS, every * MS)


def by_hand(given_: Paned, panes: set[int]) -> list[int]:
    """Ends of all windows that hold one of the panes."""
    ends = set()
    for pane in panes:
        start = pane * given_.pane_ns
        step = start // given_.every_ns
        while step * given_.every_ns + given_.size_ns > start:
            ends.add(step * given_.every_ns + given_.size_ns)
            step -= 1
    return sorted(ends)


SIZES = st.integers(1, 12)
BOUNDS = st.integers(-60, 60).map(lambda ms: ms * MS) | st.sampled_from(
    [NO_TIME, NO_TIME - 10**15, END_OF_TIME, END_OF_TIME - 10**15]
)


@example(1, 1, {0}, NO_TIME - 10**15, NO_TIME)
@example(1, 1, {0}, END_OF_TIME - 10**15, END_OF_TIME)
@given(SIZES, SIZES, st.sets(st.integers(-30, 30), max_size=8), BOUNDS, BOUNDS)
def test_they_are_those_of_every_window_that_holds_a_pane(
    size: int, every: int, panes: set[int], after: int, until: int
) -> None:
    given_ = paned(size, every)
    expected = [end for end in by_hand(given_, panes) if after < end <= until]
    assert ends_between(given_, sorted(panes), after, until) == expected


@given(st.integers(1, 6), st.integers(1, 4), st.integers(-30, 30))
def test_the_first_and_the_last_window_of_a_pane(every: int, times: int, pane: int) -> None:
    given_ = paned(every * times, every)
    ends = by_hand(given_, {pane})
    assert earliest_end(given_, np.array([pane])).tolist() == ends[:1]
    assert latest_end(given_, np.array([pane])).tolist() == ends[-1:]


def test_fine_steps_of_a_long_window_and_a_gap_of_years_cost_only_what_they_give() -> None:
    fine = paned(HOUR, 1_000)
    panes = [*range(HOUR // 1_000), 50 * YEAR // 1_000]
    seconds = 1_000 * MS
    assert ends_between(fine, panes, 10 * seconds, 12 * seconds) == [11 * seconds, 12 * seconds]
    assert len(ends_between(fine, panes, NO_TIME, END_OF_TIME)) == 2 * 3_600 - 1 + 3_600
