"""Deviations and means of numbers far from zero, near each other, or too large to add up."""

import itertools
import math
import statistics

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.group import WindowGroup
from operators.windows.plan import WindowPlan
from tests.operators.windows.harness import make_plan, make_source, partials
from tidegauge.batch import TIME, Counts, EventBatch, PartitionState, Progress

SOURCE = make_source(bound=0, lateness=0)
PLAN = make_plan(
    SOURCE,
    size=10_000,
    every=1_000,
    select={
        "sd": "std_dev(v)",
        "pop": "std_dev_pop(v)",
        "var": "variance(v)",
        "var_pop": "var_pop(v)",
        "qd": "std_dev(q)",
        "avg": "avg(v)",
        "qavg": "avg(q)",
    },
)


def windows(frames: list[pl.DataFrame], plan: WindowPlan = PLAN) -> pl.DataFrame:
    """Results of frames of `time`, `v` and `q`, each a batch."""
    group = WindowGroup([plan], lambda: 0, None)
    made = []
    for number, frame in enumerate(frames):
        finished = number == len(frames) - 1
        state = PartitionState.FINISHED if finished else PartitionState.ACTIVE
        progress = Progress("s", 0, 1, -(2**62), state, 0)
        batch = EventBatch("t", frame, frame.clear(), frame.clear(), progress, Counts())
        made += group.take([partials([plan], batch)])
    return pl.concat([record.frame for record in made])


def events(times_ms: list[int], v: list[float], q: list[int]) -> pl.DataFrame:
    times = [time * 1_000_000 for time in times_ms]
    return pl.DataFrame(
        {TIME: times, "v": v, "q": q}, schema={TIME: pl.Int64, "v": pl.Float64, "q": pl.Int64}
    )


@pytest.mark.parametrize("centre", [0.0, 1e6, 1e9, -1e12])
@pytest.mark.parametrize("sigma", [1.0, 1e-3])
@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_it_holds_to_1e_9_of_itself_far_from_zero(
    centre: float, sigma: float, drift: float
) -> None:
    """Panes whose means differ by the drift, many small batches, ten panes a window."""
    rng = np.random.default_rng(7)
    times = np.sort(rng.integers(0, 30_000, 1_000))
    v = centre + sigma * rng.normal(size=times.size) + drift * sigma * times / 1_000
    frame = events(times.tolist(), v.tolist(), [0] * times.size)
    made = windows([frame[start : start + 50] for start in range(0, times.size, 50)])
    for start, sd, pop in made.select("start_ns", "sd", "pop").iter_rows():
        inside = v[(times * 1_000_000 >= start) & (times * 1_000_000 < start + 10**10)]
        # The distance of two near numbers is exact, and has bits to spare.
        exact = (inside - inside[0]).astype(np.longdouble)
        assert pop == pytest.approx(float(exact.std()), rel=1e-9)
        if exact.size > 1:
            assert sd == pytest.approx(float(exact.std(ddof=1)), rel=1e-9)


@pytest.mark.parametrize(("sd", "var", "ddof"), [("sd", "var", 1), ("pop", "var_pop", 0)])
def test_they_are_those_of_pandas(sd: str, var: str, ddof: int) -> None:
    """Of values like 1e9 plus noise, which pandas holds to 1e-9 as well."""
    noise = np.random.default_rng(3).normal(size=2_000)
    values = pd.Series(1e9 + noise)
    frame = events([5] * values.size, values.to_list(), [0] * values.size)
    made = windows([frame[start : start + 70] for start in range(0, values.size, 70)])
    assert made[sd][0] == pytest.approx(values.std(ddof=ddof), rel=1e-9)
    assert made[var][0] == pytest.approx(values.var(ddof=ddof), rel=1e-9)


def test_whole_numbers_beyond_the_53_bits_of_a_double() -> None:
    values = [2**62 + step for step in (0, 1, 2, 10)]
    made = windows([events([1, 2], [0, 0], values[:2]), events([3, 4], [0, 0], values[2:])])
    assert made["qd"][0] == pytest.approx(statistics.stdev([0, 1, 2, 10]), rel=1e-12)


def test_whole_numbers_further_apart_than_63_bits_tell() -> None:
    values = [-(2**63), 2**63 - 1, 0, -(2**62)]
    made = windows([events([1, 2], [0, 0], values[:2]), events([3, 4], [0, 0], values[2:])])
    assert made["qd"][0] == pytest.approx(statistics.stdev(values), rel=1e-12)


def test_the_mean_of_whole_numbers_whose_sum_exceeds_64_bits() -> None:
    values = [2**62, 2**62 + 2**20, 2**62, 2**62]
    made = windows([events([1, 2], [0, 0], values[:2]), events([3, 4], [0, 0], values[2:])])
    assert made["qavg"][0] == pytest.approx(2**62 + 2**18, rel=1e-15)


def test_equal_values_have_no_deviation_however_large_and_cut() -> None:
    frame = events([1, 2, 3, 4], [1e9 + 0.1] * 4, [7] * 4)
    made = windows([frame[:1], frame[1:3], frame[3:]])
    assert set(made["sd"]) == set(made["pop"]) == set(made["qd"]) == {0.0}


def test_an_outlier_does_not_spoil_it() -> None:
    values = [1e9, 1e9 + 1, -1e15, 1e9 + 2]
    made = windows([events([1, 2], values[:2], [0, 0]), events([3, 4], values[2:], [0, 0])])
    assert made["sd"][0] == pytest.approx(statistics.stdev(values), rel=1e-12)


@given(
    st.lists(st.integers(-1_000, 1_000), min_size=2, max_size=30),
    st.sampled_from([0.0, 1e9, -1e12]),
    st.lists(st.integers(1, 29), max_size=5),
)
def test_any_split_gives_the_same(steps: list[int], centre: float, cuts: list[int]) -> None:
    values = [centre + step / 8 for step in steps]
    frame = events([1] * len(values), values, steps)
    edges = [0, *sorted({min(cut, len(values)) for cut in cuts}), len(values)]
    parts = [frame[a:b] for a, b in itertools.pairwise(edges)]
    made = windows(parts)
    assert made["sd"][0] == pytest.approx(statistics.stdev(steps) / 8, rel=1e-9)
    assert made["qd"][0] == pytest.approx(statistics.stdev(steps), rel=1e-9)
    assert made["avg"][0] == pytest.approx(math.fsum(values) / len(values), rel=1e-12)
