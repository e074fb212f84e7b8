"""Which series a silence is told of, where several key columns tell them apart."""

import polars as pl

from operators.detectors.group import AnomalyGroup
from operators.detectors.plan import plan_anomalies
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
