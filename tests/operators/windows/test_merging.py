"""Parts merged as frames are what the same parts merged as arrays are."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.windows.merging import merge_part, merge_rows
from operators.windows.paned.preaggregate import PANE, preaggregate
from operators.windows.part import Part, concat_parts
from tests.operators.windows.harness import make_plan, make_source
from tidegauge.batch import TIME

Event = tuple[str, float | None, int | None]
SELECT = {"sum": "sum(v)", "min": "min(q)", "max": "max(v)", "sd": "std_dev(v)", "qd": "std_dev(q)"}
PLAN = make_plan(make_source(bound=0, lateness=0), size=10_000, by=["k"], select=SELECT)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.none() | st.floats(-1e9, 1e9),
        st.none() | st.integers(-(2**62), 2**62),
    ),
    min_size=1,
    max_size=20,
)


def part(events: list[Event]) -> Part:
    schema = {"k": pl.String, "v": pl.Float64, "q": pl.Int64}
    frame = pl.DataFrame(events, schema=schema, orient="row")
    return preaggregate(PLAN, frame.with_columns(pl.lit(1, pl.Int64).alias(TIME)))


@given(st.lists(EVENTS, min_size=1, max_size=4))
def test_frames_merge_by_the_same_rules_as_arrays(
    batches: list[list[Event]],
) -> None:
    parts = concat_parts([part(batch) for batch in batches])
    merged = merge_part(PLAN, parts, [PANE]).rows.sort("k")
    for key, rows in parts.rows.group_by("k"):
        arrays = {held.name: rows[held.name].to_numpy()[:, None] for held in PLAN.accumulators}
        expected = merge_rows(PLAN.accumulators, arrays)
        (row,) = merged.filter(k=key[0]).to_dicts()
        for name, values in expected.items():
            assert row[name] == pytest.approx(float(values[0]), rel=1e-12, abs=1e-6), name
    assert merged.height == parts.rows["k"].n_unique()
    assert merged.columns == parts.rows.columns
