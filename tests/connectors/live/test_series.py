"""A series is a dictionary by time that forgets its oldest points."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connectors.live.series import Series

Points = list[tuple[int, float]]

points = st.lists(st.tuples(st.integers(1, 60), st.sampled_from([1.0, 2.0, math.nan])), max_size=80)
depths = st.integers(1, 40)


def filled(writes: Points, depth: int) -> Series:
    series = Series(1, "s", {}, ["value"])
    for change, (time_ns, value) in enumerate(writes, start=1):
        series.put(time_ns, [value], change, depth)
    return series


def told(series: Series, change: int = -1) -> Points:
    times, values = series.since(change)
    return list(zip(times.tolist(), values[0].tolist(), strict=True))


def kept(writes: Points, depth: int) -> Points:
    known: dict[int, float] = {}
    for time_ns, value in writes:
        known[time_ns] = value
        if len(known) > depth:
            del known[min(known)]
    return sorted(known.items())


@given(points, depths)
def test_the_newest_points_are_kept_and_a_later_one_of_a_time_overwrites(
    writes: Points, depth: int
) -> None:
    assert np.array_equal(told(filled(writes, depth)), kept(writes, depth), equal_nan=True)


@given(points, depths, st.data())
def test_a_copy_that_gets_what_came_after_its_change_is_equal(
    writes: Points, depth: int, data: st.DataObject
) -> None:
    seen = data.draw(st.integers(0, len(writes)))
    copy = dict(told(filled(writes[:seen], depth)))
    copy |= dict(told(filled(writes, depth), seen))
    newest = sorted(copy.items())[-depth:]
    assert np.array_equal(newest, told(filled(writes, depth)), equal_nan=True)


def test_a_point_that_says_the_same_again_is_no_change() -> None:
    series = filled([(1, 5.0), (2, math.nan), (1, 5.0), (2, math.nan)], 9)
    assert (series.changed, told(series, 2)) == (2, [])


def test_values_are_by_field() -> None:
    series = Series(1, "s", {}, ["low", "high"])
    series.put(7, [1.0, None], 1, 9)
    assert (series.newest_ns, series.newest[0], math.isnan(series.newest[1])) == (7, 1.0, True)
