import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.tables.histogram import RELATIVE_ERROR, Histogram, Percentile
from tests.operators.windows.tables.frames import finished, of_values, scalar

SHARES = (0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 1.0)


def percentile(values: list[float], share: float) -> float:
    value = Percentile(Histogram(scalar("x")), share)
    found: float = finished(value, of_values("x", values))["a"]
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("draw", ["lognormal", "uniform", "exponential", "normal"])
def test_it_is_within_the_stated_error_of_the_exact_percentile(draw: str, seed: int) -> None:
    values = np.abs(getattr(np.random.default_rng(seed), draw)(size=2_000)) * 1e3
    for share in SHARES:
        exact = pd.Series(values).quantile(share)
        assert percentile(values.tolist(), share) == pytest.approx(exact, rel=RELATIVE_ERROR)


@given(
    st.lists(st.floats(1e-300, 1e300) | st.floats(-1e300, -1e-300), min_size=1, max_size=30),
    st.sampled_from(SHARES),
)
def test_each_of_the_two_nearest_ranks_is_within_its_error(
    values: list[float], share: float
) -> None:
    ordered, rank = sorted(values), share * (len(values) - 1)
    low, high = ordered[int(np.floor(rank))], ordered[int(np.ceil(rank))]
    part = rank - np.floor(rank)
    error = RELATIVE_ERROR * (abs(low) * (1 - part) + abs(high) * part)
    exact = low * (1 - part) + high * part
    assert abs(percentile(values, share) - exact) <= error * (1 + 1e-9)


def test_zeros_and_what_is_near_them_are_told_apart_by_sign() -> None:
    assert percentile([0.0, -0.0, 0.0], 0.5) == 0.0
    assert percentile([-5e-324, 0.0, 5e-324], 0.0) <= 0.0 <= percentile([0.0, 5e-324], 1.0)
    assert percentile([-8.0, 0.0, 8.0], 0.5) == 0.0
    assert percentile([1.7e308, 1.7e308], 0.5) == pytest.approx(1.7e308, rel=RELATIVE_ERROR)


def test_values_without_an_end_are_left_out() -> None:
    assert percentile([1.0, float("inf"), float("nan")], 1.0) == pytest.approx(1, RELATIVE_ERROR)
    value = Percentile(Histogram(scalar("x")), 0.5)
    assert finished(value, of_values("x", [None, float("inf")])) == {}


def test_whole_numbers_and_truth_values_count_as_numbers() -> None:
    whole, truth = (Percentile(Histogram(scalar(name)), 0.5) for name in "ib")
    assert finished(whole, of_values("i", [3, 3, 9]))["a"] == pytest.approx(3, RELATIVE_ERROR)
    assert finished(truth, of_values("b", [False, True, False]))["a"] == 0


def test_a_bucket_costs_one_row_however_many_values_are_in_it() -> None:
    table = Histogram(scalar("x"))
    rows = table.collect(of_values("x", [1.0, 1.001, 1.002, 2.0] * 100), ["k"])
    assert sorted(rows["_count"]) == [100, 300]
    assert rows.schema["_bucket"] == pl.Int64
