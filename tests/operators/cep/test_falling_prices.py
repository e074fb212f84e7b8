"""Nexmark's first pattern query: ever lower bids, then one above the last but one of these."""

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from operators.cep.matcher import Matcher
from tests.fuzz import times
from tidegauge.batch import TIME
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.row_pattern import parse_rows

COLUMNS = {"price": FieldType.INT}
DOWN = "(COUNT(down) = 0 AND price < LAST(start.price)) OR price < LAST(down.price)"


def falls(prices: list[int], within_last: int) -> Iterator[tuple[int, ...]]:
    """The same, read off the prices; the next may begin with the last bid of the one before."""
    start = 0
    while start < len(prices):
        end = start + 1
        while end < len(prices) and prices[end] < prices[end - 1]:
            end += 1
        bottom = end - 1 - within_last
        if end < len(prices) and bottom > start and prices[end] > prices[bottom]:
            yield tuple(range(start, end + 1))
            start = end
        else:
            start += 1


@pytest.mark.parametrize("within_last", [0, 1, 2])
@settings(max_examples=times(100))
@given(prices=st.lists(st.integers(0, 9), max_size=30), cut=st.integers(0, 30))
@example(prices=[10, 9, 8, 7, 20], cut=2)
@example(prices=[5, 4, 6], cut=1)
def test_matches_are_those_of_the_prices(within_last: int, prices: list[int], cut: int) -> None:
    define = {"down": DOWN, "up": f"price > LAST(down.price, {within_last})"}
    pattern = parse_rows("p", "start down+[greedy] up", define, after_match="SKIP TO LAST up")
    frame = pl.DataFrame(
        {TIME: list(range(len(prices))), "at": list(range(len(prices))), "price": prices},
        schema={TIME: pl.Int64, "at": pl.Int64, "price": pl.Int64},
    )
    matcher = Matcher([pattern], COLUMNS, carry=["at"])
    first = matcher.process(frame[:cut])
    again = Matcher([pattern], COLUMNS, carry=["at"])
    again.restore(matcher.snapshot())
    found = [*first, *again.process(frame[cut:])]
    taken = [tuple(node.row[0] for node in result.path) for result in found]
    assert taken == list(falls(prices, within_last))
