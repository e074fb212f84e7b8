"""Lateness drawn as timelines, and against a loop over the events one by one.

A timeline is read from left to right, in offset order. A digit is an event with that many seconds
of event time; below it stands the verdict: `.` on time, `c` correction, `x` dead. A `|` cuts the
batch.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from operators.intake.lateness import judge
from tidegauge.batch import NO_TIME

SECOND = 1_000_000_000


@dataclass
class Verdicts:
    """What came of a stream of batches."""

    text: str
    high_ns: int


def judged(batches: list[list[int]], *, bound: int, late: int, floor: int = NO_TIME) -> Verdicts:
    text, high_ns = "", NO_TIME
    for times in batches:
        verdict = judge(
            np.array(times, np.int64),
            high_ns=high_ns,
            floor_ns=floor,
            out_of_orderness_ns=bound,
            lateness_ns=late,
        )
        high_ns = verdict.high_ns
        assert not (verdict.on_time & verdict.correction).any()
        for on_time, correction in zip(verdict.on_time, verdict.correction, strict=True):
            text += "." if on_time else "c" if correction else "x"
    return Verdicts(text, high_ns)


@pytest.mark.parametrize(
    "timeline",
    [
        # in order: nothing is late
        """
        0 1 2 3 4 5
        . . . . . .
        """,
        # two seconds behind the highest is on time, three is not
        """
        5 3 5 2
        . . . c
        """,
        # five behind corrects, six is dead
        """
        9 4 9 3
        . c . x
        """,
        # equal times are not late, and a late one lowers nothing
        """
        7 7 3 5 7
        . . c . .
        """,
        # an event is compared with those before it, not with itself
        """
        0 9 0 9
        . . x .
        """,
        # the highest is carried into the next batch
        """
        0 9 | 4 3 | 7 | 6
        . .   c x   .   c
        """,
        # also when a batch is empty
        """
        9 | | 6
        .     c
        """,
        # the first event of a partition is on time whatever it is
        """
        0
        .
        """,
    ],
)
def test_timeline(timeline: str) -> None:
    events, verdicts = timeline.strip("\n").splitlines()[:2]
    batches = [[int(time) for time in part.split()] for part in events.split("|")]
    assert judged(batches, bound=2, late=3).text == "".join(verdicts.split())


def test_after_idleness_events_are_judged_by_what_passed_meanwhile() -> None:
    floor = 7
    #                                            . on time, c at most 3 later, x dead
    assert judged([[7, 6, 4, 3, 8]], bound=2, late=3, floor=floor).text == ".ccx."


def test_the_floor_no_longer_matters_once_the_partition_is_ahead_of_it() -> None:
    assert judged([[20, 18, 17]], bound=2, late=3, floor=7).text == "..c"


def test_without_lateness_there_are_no_corrections() -> None:
    assert judged([[9, 7, 6]], bound=2, late=0).text == "..x"


def test_without_out_of_orderness_anything_below_the_highest_is_late() -> None:
    assert judged([[9, 9, 8, 6, 5]], bound=0, late=3).text == "..ccx"


def test_no_events_change_nothing() -> None:
    nothing = judge(
        np.array([], np.int64), high_ns=5, floor_ns=NO_TIME, out_of_orderness_ns=1, lateness_ns=1
    )
    assert nothing.high_ns == 5
    assert nothing.on_time.size == nothing.correction.size == nothing.awaited_ns.size == 0


def test_what_was_awaited_is_told() -> None:
    verdict = judge(
        np.array([9, 1], np.int64),
        high_ns=5,
        floor_ns=NO_TIME,
        out_of_orderness_ns=2,
        lateness_ns=1,
    )
    assert verdict.awaited_ns.tolist() == [3, 7]


YEAR = 365 * 86_400 * SECOND
TIMES = st.integers(0, 30) | st.integers(-250 * YEAR, 250 * YEAR)
BOUNDS = st.integers(0, 10) | st.integers(0, 10 * YEAR)


def one_by_one(times: list[int], bound: int, late: int, floor: int) -> str:
    text = ""
    high = None
    for time in times:
        awaited = floor if high is None else max(high - bound, floor)
        if time >= awaited:
            text += "."
        elif time >= awaited - late:
            text += "c"
        else:
            text += "x"
        high = time if high is None else max(high, time)
    return text


@given(
    st.lists(TIMES, max_size=30),
    BOUNDS,
    BOUNDS,
    st.just(NO_TIME) | TIMES,
    st.lists(st.integers(0, 30), max_size=4),
)
@example([55 * YEAR, -245 * YEAR], 0, 0, NO_TIME, [])
def test_verdicts_are_those_of_a_loop_over_the_events_however_they_are_cut(
    times: list[int], bound: int, late: int, floor: int, cuts: list[int]
) -> None:
    edges = [0, *sorted(min(cut, len(times)) for cut in cuts), len(times)]
    batches = [times[start:stop] for start, stop in itertools.pairwise(edges)]
    verdicts = judged(batches, bound=bound, late=late, floor=floor)
    assert verdicts.text == one_by_one(times, bound, late, floor)
    assert verdicts.high_ns == max(times, default=NO_TIME)
