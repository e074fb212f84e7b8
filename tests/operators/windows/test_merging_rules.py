"""All ways of merging accumulators give the same: matrices, frames, sorted rows, running totals."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.cumulative.running import running
from operators.windows.merging import merge_frame, merge_rows
from operators.windows.paned.merging import SLOT, merge_slots
from operators.windows.plan import declare_window
from tests.operators.windows.harness import make_source
from tests.operators.windows.reference import SELECT

PLAN = declare_window(
    "w",
    {
        "tumbling": {"size": "1s"},
        "select": {
            **{n: SELECT[n] for n in ("n", "sum_v", "sum_q", "sd_v", "sd_q", "max_q")},
            "low": "min(v)",
        },
    },
    make_source(bound=0, lateness=0),
)
HELD = PLAN.accumulators
VALUES = st.lists(
    st.tuples(
        st.sampled_from([None, 0.0, 1e9, 1e9 + 0.5, 1e9 - 1, -3.0, 1e-3]),
        st.sampled_from([None, 0, 2**62, 2**62 + 1, -(2**62), 7]),
    ),
    min_size=1,
    max_size=6,
)
PARTS = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 1), VALUES), min_size=1, max_size=9)


def rows(parts: list[tuple[int, int, list[tuple[float | None, int | None]]]]) -> pl.DataFrame:
    """A row of accumulators for the events of each part, with slot and place."""
    made = []
    for number, (slot, place, values) in enumerate(parts):
        events = pl.DataFrame(
            {
                "_time_ns": [1_000 * number + at for at in range(len(values))],
                "v": pl.Series([v for v, _ in values], dtype=pl.Float64),
                "q": pl.Series([q for _, q in values], dtype=pl.Int64),
            }
        ).with_columns(pl.lit(0).alias("_all"))
        events = events.with_columns(column.over([pl.col("_all")]) for column in PLAN.distances)
        found = events.select(held.partial.alias(held.name) for held in HELD)
        made.append(
            found.select(
                pl.lit(slot, pl.Int64).alias(SLOT),
                pl.lit(place, pl.Int64).alias("p"),
                *found.columns,
            )
        )
    return pl.concat(made)


def merged(frame: pl.DataFrame) -> dict[str, float]:
    """By the rule for matrices, one after the other."""
    columns = {held.name: frame[held.name].to_numpy() for held in HELD}
    total = {name: column[:1] for name, column in columns.items()}
    for at in range(1, frame.height):
        both = {name: np.stack((total[name], columns[name][at : at + 1])) for name in columns}
        total = merge_rows(HELD, both)
    return {name: column[0] for name, column in total.items()}


def assert_close(found: dict[str, float], expected: dict[str, float]) -> None:
    assert {name: found[name] for name in expected} == {
        name: pytest.approx(value, rel=1e-9, abs=1e-6) for name, value in expected.items()
    }


@given(PARTS)
def test_sorted_rows_and_frames_are_merged_as_matrices_are(parts: list[tuple]) -> None:  # type: ignore[type-arg]  # drawn
    frame = rows(parts)
    halves = [frame[: frame.height // 2], frame[frame.height // 2 :]]
    sorted_rows = merge_slots(HELD, halves, "p")
    assert sorted_rows.select("p", SLOT).rows() == sorted(set(frame.select("p", SLOT).rows()))
    by_frame = merge_frame(HELD, frame, ["p", SLOT]).sort("p", SLOT)
    for place, one, other in zip(
        sorted_rows.select("p", SLOT).rows(),
        sorted_rows.iter_rows(named=True),
        by_frame.iter_rows(named=True),
        strict=True,
    ):
        expected = merged(frame.filter(pl.col("p") == place[0], pl.col(SLOT) == place[1]))
        assert_close(one, expected)
        assert_close(other, expected)


@given(PARTS)
def test_each_running_total_is_that_of_the_rows_up_to_it(parts: list[tuple]) -> None:  # type: ignore[type-arg]  # drawn
    frame = rows(parts).sort(SLOT, "p", maintain_order=True)
    found = running(HELD, frame, [SLOT])
    assert found.columns == frame.columns
    for at, row in enumerate(found.iter_rows(named=True)):
        before = frame[: at + 1].filter(pl.col(SLOT) == row[SLOT])
        assert_close(row, merged(before))
