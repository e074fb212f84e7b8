"""Life cycles drawn as timelines: a column a second, a row of values, a row of what is told.

    value   1  9  9  9  1
    told    .  F  f  f  R

Values: a number; `-` is null; `_` means no record in this second.
Told: `P` pending, `F` firing, `f` firing still, `R` resolved, `I` inactive again without having
fired, `.` nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from operators.alerts.group import AlertGroup
from operators.alerts.plan import AlertPlan, plan_alerts
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

S = 1_000_000_000


def pipeline(alerts: Mapping[str, Mapping[str, Any]]) -> Pipeline:
    """A pipeline with these alerts on windows, anomalies and events of payments."""
    return Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "test",
            "sources": {
                "payments": {
                    "kafka": {"topic": "payments"},
                    "event_time": {"field": "ts"},
                    "fields": {
                        "region": {"type": "string"},
                        "shop": {"type": "int"},
                        "amount": {"type": "float"},
                    },
                }
            },
            "windows": {
                "spend": {
                    "from": "payments",
                    "tumbling": {"size": "1s"},
                    "by": ["region", "shop"],
                    "select": {"total": "sum(amount)", "count": "count(*)"},
                }
            },
            "anomalies": {
                "odd": {"on": "spend.total"},
                "odd_amount": {"on": "payments.amount", "by": ["region"]},
            },
            "alerts": alerts,
        }
    )


def plan(when: str = "spend.total > 5", name: str = "high", **settings: Any) -> AlertPlan:
    """The plan of one alert."""
    (made,) = plan_alerts(pipeline({name: {"when": when, **settings}}))
    return made


Row = tuple[int, str, int | None, float | None]
"""Second, region, shop and total of a window record."""


def spend(rows: Sequence[Row], revision: int = 0) -> RecordBatch:
    schema = {"at": pl.Int64, "region": pl.String, "shop": pl.Int64, "total": pl.Float64}
    frame = pl.DataFrame(rows, schema, orient="row").select(
        (pl.col("at") * S).alias("time_ns"),
        "region",
        "shop",
        "total",
        pl.lit(20, pl.Int64).alias("count"),
        ((pl.col("at") - 1) * S).alias("start_ns"),
        pl.lit(revision, pl.Int64).alias("revision"),
    )
    return RecordBatch("spend", frame)


def drawn(timeline: str) -> tuple[list[Row], str]:
    """The records that a timeline draws, and what it says is told of each."""
    lines = dict(line.split(maxsplit=1) for line in timeline.strip().splitlines())
    values, told = lines["value"].split(), lines["told"].split()
    assert len(values) == len(told), "a column each"
    rows: list[Row] = [
        (at, "north", 1, None if value == "-" else float(value))
        for at, value in enumerate(values)
        if value != "_"
    ]
    return rows, "".join(told)


def group(*plans: AlertPlan, snapshot: dict[str, Any] | None = None) -> AlertGroup:
    return AlertGroup(plans, lambda: 77, snapshot)


def records(batches: Sequence[RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.frame.to_dicts()]


def told(rows: Sequence[Mapping[str, Any]], seconds: int) -> str:
    """Records drawn as the `told` row of a timeline."""
    line = ["."] * seconds
    for row in rows:
        letter = row["state"][0]
        assert line[row["time_ns"] // S] == ".", "told twice"
        line[row["time_ns"] // S] = letter.upper() if row["_changed"] else letter
    return "".join(line)
