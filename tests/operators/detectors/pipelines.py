"""A pipeline with anomalies on a window and per event, and what they look at."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

S = 1_000_000_000
PIPELINE = Pipeline.model_validate(
    {
        "version": 1,
        "pipeline": "test",
        "sources": {
            "payments": {
                "kafka": {"topic": "payments"},
                "event_time": {"field": "ts"},
                "fields": {
                    "card": {"type": "string"},
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
                "select": {"amount_avg": "avg(amount)", "count": "count(*)"},
            }
        },
        "anomalies": {
            "odd_spend": {"on": "spend.amount_avg", "warm_up": 5, "history": 20},
            "odd_count": {
                "on": "spend.count",
                "detector": "robust_z",
                "warm_up": 5,
                "direction": "down",
            },
            "odd_amount": {"on": "payments.amount", "by": ["card"], "warm_up": 5, "history": 20},
        },
    }
)

Row = tuple[int, str | None, int, float | None]
"""Second, region, shop and value of a window record."""


def spend(rows: Sequence[Row], revision: int = 0) -> RecordBatch:
    """Records of the window, which ends a second after it begins."""
    schema = {"at": pl.Int64, "region": pl.String, "shop": pl.Int64, "amount_avg": pl.Float64}
    frame = pl.DataFrame(rows, schema, orient="row").select(
        ((pl.col("at") + 1) * S).alias("time_ns"),
        "region",
        "shop",
        "amount_avg",
        pl.lit(20, pl.Int64).alias("count"),
        (pl.col("at") * S).alias("start_ns"),
        pl.lit(revision, pl.Int64).alias("revision"),
    )
    return RecordBatch("spend", frame)


def steady(seconds: int, region: str = "north", shop: int = 1) -> list[Row]:
    """Values that go up and down a little."""
    return [(at, region, shop, 100.0 + at * 7 % 5) for at in range(seconds)]


def found(frames: Sequence[pl.DataFrame]) -> list[dict[str, Any]]:
    """The rows that are anomalies."""
    rows: list[dict[str, Any]] = []
    for frame in frames:
        rows += frame.filter("_anomalous").to_dicts()
    return rows
