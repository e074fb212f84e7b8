from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from operators.detectors.judge import Judge
from operators.detectors.plan import AnomalyPlan, plan_anomalies
from operators.detectors.verdicts import ANOMALOUS, REPEATED, TOLD
from operators.ordering.identity import PARTITION, distinct_times
from tests.operators.detectors.pipelines import PIPELINE, Row, S, found, spend, steady
from tests.operators.keygroups.engine import pickled
from tidegauge.batch import OFFSET, TIME
from tidegauge.catalogue import catalogue_of
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS

PLANS = {plan.name: plan for plan in plan_anomalies(PIPELINE)}
NOW = 123


def judge(rows: Sequence[Row], plan: AnomalyPlan = PLANS["odd_spend"]) -> pl.DataFrame:
    return Judge(plan).judge(spend(rows).frame, NOW)


def payments(
    rows: Sequence[tuple[int, int, str, float | None]], partition: int = 3
) -> pl.DataFrame:
    """Offset, milliseconds, card and amount."""
    schema = {OFFSET: pl.Int64, "ms": pl.Int64, "card": pl.String, "amount": pl.Float64}
    frame = pl.DataFrame(rows, schema, orient="row").with_columns(
        (pl.col("ms") * 1_000_000).alias(TIME), pl.lit(partition, pl.Int64).alias(PARTITION)
    )
    return frame.with_columns(distinct_times(frame[TIME], -1).alias(TIME_NS))


def test_an_anomaly_tells_what_was_measured_expected_and_where() -> None:
    (row,) = found([judge([*steady(30), (30, "north", 1, 500.0)])])
    assert row["time_ns"] == 31 * S
    assert row["start_ns"] == 30 * S
    assert (row["anomaly"], row["field"]) == ("odd_spend", "amount_avg")
    assert (row["region"], row["shop"]) == ("north", 1)
    assert (row["value"], row["direction"], row["processing_time_ns"]) == (500.0, "up", NOW)
    assert row["expected"] == pytest.approx(102.0, abs=1)
    assert row["lower"] < row["expected"] < row["upper"] < 500.0
    assert row["score"] > 6.0


@pytest.mark.parametrize("name", PLANS)
def test_verdicts_have_the_columns_of_the_signal(name: str) -> None:
    plan = PLANS[name]
    rows = [(at, at, "a", 1.0) for at in range(8)]
    frame = payments(rows) if plan.ordering else spend(steady(8)).frame
    verdicts = Judge(plan).judge(frame, NOW)
    signal = catalogue_of(PIPELINE)[name]
    schema = {"time_ns": pl.Int64} | {column.name: column.type.dtype for column in signal.columns}
    besides = {ANOMALOUS: pl.Boolean, REPEATED: pl.Boolean, TOLD: pl.Int64}
    assert verdicts.schema == pl.Schema(schema | besides)


def test_every_judged_row_has_a_verdict_and_none_that_warms_up() -> None:
    verdicts = judge(steady(30))
    assert verdicts["start_ns"].to_list() == [at * S for at in range(5, 30)]
    assert not verdicts[ANOMALOUS].any()


def test_what_has_no_value_is_no_point() -> None:
    gaps: list[Row] = [(30, "north", 1, None), (31, "north", 1, float("nan"))]
    verdicts = judge([*steady(30), *gaps, (32, "north", 1, 500.0)])
    assert verdicts["start_ns"].to_list()[-2:] == [29 * S, 32 * S]


def test_corrected_results_are_not_judged() -> None:
    judged = Judge(PLANS["odd_spend"])
    judged.judge(spend(steady(30)).frame, NOW)
    assert judged.judge(spend([(30, "north", 1, 500.0)], revision=1).frame, NOW).is_empty()


def test_series_are_told_apart_by_all_keys() -> None:
    rows = [*steady(10, "north", 1), *steady(10, "north", 2), *steady(10, "south", 1)]
    rows.append((10, "west", 1, 500.0))
    assert judge(rows).height == 15


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["north", "south"]),
        st.sampled_from([1, 2]),
        st.sampled_from([1.0, 2.0, 3.0, 90.0, None]),
    ),
    max_size=120,
)


@given(values=ROWS, cuts=st.lists(st.integers(1, 30), max_size=12), resumed=st.booleans())
def test_any_cut_into_batches_and_any_restarts_give_the_same(
    values: list[tuple[str, int, float | None]], cuts: list[int], *, resumed: bool
) -> None:
    rows: list[Row] = [(at, *value) for at, value in enumerate(values)]
    whole = judge(rows)
    judged, parts = Judge(PLANS["odd_spend"]), [whole.clear()]
    for size in [*cuts, len(rows)]:
        batch, rows = rows[:size], rows[size:]
        parts.append(judged.judge(spend(batch).frame, NOW))
        if resumed:
            judged = Judge(PLANS["odd_spend"], pickled(judged.snapshot()))
    assert_frame_equal(pl.concat(parts), whole)


def test_events_are_judged_one_by_one_in_a_batch() -> None:
    rows: list[tuple[int, int, str, float | None]] = [
        (at, at // 2, "ab"[at % 2], 10.0 + at % 3) for at in range(40)
    ]
    rows[36] = (36, 18, "a", 400.0)
    (row,) = found([Judge(PLANS["odd_amount"]).judge(payments(rows), NOW)])
    assert (row["card"], row["value"], row["start_ns"]) == ("a", 400.0, 18_000_000)


def test_anomalies_of_one_moment_have_distinct_point_times() -> None:
    judged = Judge(PLANS["odd_amount"])
    judged.judge(payments([(at, 0, "a", 10.0) for at in range(20)]), NOW)
    moment = payments([(5_020 + at, 7, "a", 400.0) for at in range(5)])
    rows = found([judged.judge(moment, NOW)])
    assert [row["time_ns"] for row in rows] == [7_000_000 + i for i in range(5)]
    assert {row["start_ns"] for row in rows} == {7_000_000}


def test_the_plan_knows_what_is_read() -> None:
    assert PLANS["odd_spend"].reads == "spend"
    assert PLANS["odd_spend"].by == ("region", "shop")
    ordering = PLANS["odd_amount"].ordering
    assert ordering is not None
    assert PLANS["odd_amount"].reads == ordering.name
    assert (ordering.source, ordering.by) == ("payments", ("card",))
    assert ordering.columns == {"amount"}


def test_the_state_of_another_series_is_refused() -> None:
    snapshot = Judge(PLANS["odd_spend"]).snapshot()
    message = r"anomaly odd_count was on spend.amount_avg by .*, now it is on spend.count"
    with pytest.raises(UserMistake, match=message):
        Judge(PLANS["odd_count"], snapshot)
