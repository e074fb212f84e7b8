"""Sorted runs hold what a list would."""

from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.ordered import Ordered
from operators.windows.part import Part
from tidegauge.batch import END_OF_TIME

STEPS = st.lists(
    st.lists(st.integers(-9, 9), max_size=20) | st.tuples(st.integers(-9, 9), st.booleans()),
    max_size=20,
)


def part(places: list[int]) -> Part:
    rows = pl.DataFrame({"p": places, "n": [1] * len(places)}, {"p": pl.Int64, "n": pl.Int64})
    return Part(rows, {"t": rows.rename({"n": "m"})})


def less(whole: Part) -> Part:
    rows = whole.rows.group_by("p").agg(pl.col("n").sum())
    tables = {name: t.group_by("p").agg(pl.col("m").sum()) for name, t in whole.tables.items()}
    return Part(rows, tables)


def counts(found: Part | None) -> Counter[int]:
    total: Counter[int] = Counter()
    if found is not None:
        for place, number in found.rows.rows():
            total[place] += number
        tables: Counter[int] = Counter()
        for place, number in found.tables["t"].rows():
            tables[place] += number
        assert tables == total
    return total


@given(STEPS)
def test_what_is_added_is_found_by_its_place_until_it_is_taken(
    steps: list[list[int] | tuple[int, bool]],
) -> None:
    held, kept = Ordered("p", less, 8), Counter[int]()
    for step in steps:
        if isinstance(step, list):
            held.add(part(step))
            kept.update(step)
        else:
            until, takes = step
            expected = Counter({p: n for p, n in kept.items() if p < until})
            assert counts(held.between(-100, until)) == expected
            if takes:
                assert counts(held.take(until)) == expected
            else:
                held.drop(until)
            kept -= expected
        assert held.places() == sorted(kept)
        assert held.first == min(kept, default=END_OF_TIME)
        assert len(held) <= 4 * len(kept) + 2 * 8 or len(held) <= 2 * kept.total()
        assert all(run.rows["p"].is_sorted() for run in held.runs)
        assert len(held.runs) <= 8
    again = Ordered("p", less)
    again.hold(held.runs)
    assert counts(again.between(-100, 100)) == kept
