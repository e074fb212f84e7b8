from pickle import dumps, loads

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.forecasts.forecaster import Forecaster
from operators.forecasts.group import ForecastGroup
from operators.forecasts.plan import plan_forecasts
from tests.operators.forecasts.timelines import STEP_NS, batches, pipeline, records
from tidegauge.catalogue import catalogue_of
from tidegauge.errors import UserMistake
from tidegauge.records import RecordBatch

AHEAD = {"on": "spend.amount", "horizon": "2m"}
"""Twelve cells of one window."""
ALERTING = pipeline(
    {"ahead": AHEAD}, soon="forecast(spend.amount, 2m) > 1", sooner="forecast(spend.amount, 1m) > 1"
)
PLANS = plan_forecasts(ALERTING)
ROWS = records(60)


def group(snapshot: bytes | None = None) -> ForecastGroup:
    return ForecastGroup(PLANS, lambda: 7, loads(snapshot) if snapshot else None)  # noqa: S301 - our own


def joined(found: list[RecordBatch]) -> dict[str, pl.DataFrame]:
    """All records by signal, in an order of their own."""
    names = sorted({batch.signal for batch in found})
    order = ["region", "made_at_ns", "time_ns"]
    return {
        name: pl.concat(batch.frame for batch in found if batch.signal == name).sort(order)
        for name in names
    }


WHOLE = joined(group().take(batches(ROWS, [])))


def test_records_have_the_columns_of_the_signal_and_lie_ahead() -> None:
    signal = catalogue_of(ALERTING)["ahead"]
    frame = WHOLE["ahead"]
    assert frame.columns == ["time_ns", *(column.name for column in signal.columns)]
    assert frame.schema == {"time_ns": pl.Int64, **{c.name: c.type.dtype for c in signal.columns}}
    assert (frame["time_ns"] == frame["made_at_ns"] + frame["horizon_ns"]).all()
    assert set(frame["horizon_ns"]) == {cell * STEP_NS for cell in range(1, 13)}
    assert {column.unit for column in signal.fields if column.name == "upper"} == {"currencyEUR"}


def test_a_newer_forecast_is_the_same_record_as_the_older_one_of_the_same_time() -> None:
    identity = ["forecast", "region", "time_ns"]
    newest = WHOLE["ahead"].sort("made_at_ns").unique(identity, keep="last")
    # 60 windows and two minutes to come, from the first forecast of each series on.
    assert newest["time_ns"].max() == (60 + 12) * STEP_NS
    assert max(newest.group_by("region").len()["len"]) <= 60 + 12 - 32
    assert (newest.filter(pl.col("time_ns") > 60 * STEP_NS)["made_at_ns"] == 60 * STEP_NS).all()


def test_alerts_see_a_row_a_forecast_at_the_time_it_was_made() -> None:
    soon, sooner = WHOLE["ahead in 2m"], WHOLE["ahead in 1m"]
    assert (soon["time_ns"] == soon["made_at_ns"]).all()
    assert set(soon["horizon_ns"]) == {12 * STEP_NS}
    assert set(sooner["horizon_ns"]) == {6 * STEP_NS}
    assert soon.height == sooner.height == WHOLE["ahead"].height / 12


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, ROWS.height), max_size=6), stop=st.integers(0, 6))
def test_any_split_and_any_cut_give_the_same(cuts: list[int], stop: int) -> None:
    pieces = batches(ROWS, cuts)
    first = group()
    found = first.take(pieces[:stop])
    second = group(dumps(first.snapshot()))
    for piece in pieces[stop:]:
        found += second.take([piece])
    assert all(joined(found)[name].equals(WHOLE[name]) for name in WHOLE)


def test_a_series_is_forecast_alike_whoever_is_beside_it() -> None:
    alone = group().take(batches(ROWS.filter(pl.col("region") == "south"), []))
    south = WHOLE["ahead"].filter(pl.col("region") == "south")
    assert joined(alone)["ahead"].equals(south)


def test_digits_that_depend_on_how_sums_were_split_decide_nothing() -> None:
    amount = pl.col("amount") * (1 + 1e-13)
    assert joined(group().take(batches(ROWS.with_columns(amount), [])))["ahead"].equals(
        WHOLE["ahead"]
    )


def test_corrections_and_what_is_no_number_are_passed_over() -> None:
    spoilt = ROWS.with_columns(pl.lit(1).alias("revision"), pl.lit(9e9).alias("amount"))
    missing = ROWS.with_columns(pl.lit(None, pl.Float64).alias("amount"))
    found = group().take(batches(pl.concat([spoilt, missing, ROWS]).sort("time_ns"), []))
    assert joined(found)["ahead"].equals(WHOLE["ahead"])


def test_another_forecast_of_the_same_name_is_refused() -> None:
    (plan,) = PLANS
    snapshot = Forecaster(plan).snapshot()
    (other,) = plan_forecasts(pipeline({"ahead": {"on": "spend.count", "horizon": "2m"}}))
    with pytest.raises(UserMistake, match=r"forecast ahead was on spend\.amount by"):
        Forecaster(other, snapshot)


def test_series_that_fell_silent_are_let_go_without_a_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("operators.forecasts.forecaster._FEW", 2)
    (plan,) = PLANS
    forecaster = Forecaster(plan)
    later_ns = 600 * STEP_NS
    again = ROWS.with_columns(pl.col("time_ns") + later_ns)
    forecaster.take(records(60, ("a", "b")), 7)
    found = forecaster.take(again, 7)
    assert len(forecaster) == 2
    assert joined(found)["ahead"].equals(joined(Forecaster(plan).take(again, 7))["ahead"])


def test_an_alert_makes_a_forecast_that_reaches_as_far_as_alerts_look() -> None:
    implied = pipeline(
        {}, a="forecast(spend.count, 1m) > 9", b="forecast_lower(spend.count, 4m) < 1"
    )
    (plan,) = plan_forecasts(implied)
    assert (plan.name, plan.config.ahead, plan.config.cell_ns) == (
        "spend_count_ahead",
        12,
        20 * 10**9,
    )
    assert [(lead.name, lead.cell) for lead in plan.leads] == [
        ("spend_count_ahead in 1m", 2),
        ("spend_count_ahead in 4m", 11),
    ]
    assert "spend_count_ahead" in catalogue_of(implied).signals
