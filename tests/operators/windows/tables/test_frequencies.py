import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.tables.frequencies import BOUND, Frequencies, TopCounted, TopList
from tests.operators.windows.tables.frames import BY, finished, of_values, scalar
from tidegauge.expressions.compiled import Scalar

TEXT = Frequencies(scalar("s"))


@given(st.lists(st.text(max_size=2), min_size=1), st.integers(1, 5))
def test_it_is_the_most_frequent_and_of_equals_the_lower(values: list[str], length: int) -> None:
    expected = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0].encode()))
    found = finished(TopList(TEXT, length), of_values("s", values))["a"]
    assert json.loads(found) == [list(item) for item in expected[:length]]


@pytest.mark.parametrize(
    ("argument", "values", "text"),
    [
        (scalar("s"), ["x", 'quoted "é"', "x", None], '[["x",2],["quoted \\"é\\"",1]]'),
        (scalar("i"), [3, -1, 3], "[[3,2],[-1,1]]"),
        (scalar("x"), [0.5, -0.0, 0.0], "[[0.0,2],[0.5,1]]"),
        (scalar("b"), [True, True, False], "[[true,2],[false,1]]"),
    ],
)
def test_values_of_every_type_are_json(argument: Scalar, values: list[object], text: str) -> None:
    assert finished(TopList(Frequencies(argument), 9), of_values(argument.sql, values))["a"] == text


def test_up_to_the_bound_all_are_counted() -> None:
    values = [f"v{number}" for number in range(BOUND)]
    parts = of_values("s", values), of_values("s", values[:10])
    assert finished(TopCounted(TEXT), *parts) == {"a": BOUND + 10}


def test_beyond_the_bound_those_that_are_kept_have_their_full_count() -> None:
    values = [f"v{number}" for number in range(3 * BOUND)]
    counts = Counter(values * 2 + values[::7])
    parts = [of_values("s", part) for part in (values, values[::-1], values[::7])]
    found = json.loads(finished(TopList(TEXT, 100), *parts)["a"])
    assert len(found) == 100
    assert all(counts[value] == count for value, count in found)
    assert {count for _, count in found} == {3}


def test_the_state_of_a_key_is_bounded() -> None:
    rows = TEXT.collect(of_values("s", [f"v{number}" for number in range(3 * BOUND)]), BY)
    assert rows.height == BOUND
