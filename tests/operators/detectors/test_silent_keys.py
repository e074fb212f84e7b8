"""What is told of silent series: which, where several key columns tell them apart, and why."""

import polars as pl
import pytest

from operators.detectors.group import AnomalyGroup
from operators.detectors.plan import plan_anomalies
from operators.detectors.reasons import about
from tests.operators.detectors.pipelines import PIPELINE, S, spend
from tidegauge.records import RecordBatch, Tick
from tidegauge.spec.models import Anomaly

SERIES = [("north", 7), ("south", 7), ("south", 9), (None, 4)]
FALLEN = [("south", 9), (None, 4)]
QUIET = PIPELINE.model_copy(
    update={
        "anomalies": {
            "quiet": Anomaly.model_validate(
                {
                    "on": "spend.amount_avg",
                    "detector": "flat_line",
                    "false_alarms": "30 per hour",
                    "warm_up": 20,
                }
            )
        }
    }
)


def test_silences_with_two_key_columns_name_series_that_exist() -> None:
    (plan,) = plan_anomalies(QUIET)
    group = AnomalyGroup([plan], lambda: 0)
    told: list[RecordBatch] = []
    for at in range(300):
        there = [key for key in SERIES if at < 200 or key not in FALLEN]
        rows = [(at, region, shop, 100.0 + (at * 7 + shop) % 5) for region, shop in there]
        ticked = Tick(frozenset({"spend"}), "", (at + 1) * S)
        told += [one for one in group.take([spend(rows), ticked]) if isinstance(one, RecordBatch)]
    silences = pl.concat([one.frame for one in told]).filter(
        pl.col("reason").str.starts_with("nothing since")
    )
    assert sorted(set(silences.select("region", "shop").rows()), key=str) == sorted(FALLEN, key=str)
    assert min(silences["time_ns"].to_list()) > 200 * S


def test_zeros_are_told_with_the_last_point_before_them_and_what_is_usual() -> None:
    (plan,) = plan_anomalies(QUIET)
    group = AnomalyGroup([plan], lambda: 0)
    rows = [(at, "north", 7, 4.0 + at * 7 % 5 if at < 200 else 0.0) for at in range(260)]
    (told,) = group.take([spend(rows)])
    found = told.frame.filter("_anomalous", pl.col("value") == 0.0)
    assert found["expected"].to_list() == pytest.approx([6.0] * found.height, abs=0.1)
    assert set(found["reason"].to_list()) == {
        "nothing but 0 since 1970-01-01T00:03:20.000Z, usually 6.01"
    }


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (59_870_000_000, "1m"),
        (10_000_000_000, "10s"),
        (90 * 60 * S, "1.5h"),
        (86_300 * S, "1d"),
        (250_000_000, "250ms"),
        (57 * S, "57s"),
        (57 * 60 * S, "57m"),
        (23 * 3_600 * S, "23h"),
        (970_000_000, "970ms"),
        (7, "7ns"),
    ],
)
def test_a_usual_gap_is_told_in_its_largest_unit(duration_ns: int, text: str) -> None:
    assert about(duration_ns) == text
