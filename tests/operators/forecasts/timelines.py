"""A pipeline with forecasts, and records of its window."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

STEP_NS = 10 * 10**9


def pipeline(forecasts: dict[str, Any], **alerts: str) -> Pipeline:
    """Spending by region in windows of ten seconds, with forecasts and alerts."""
    return Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "payments",
            "sources": {
                "payments": {
                    "kafka": {"topic": "payments"},
                    "event_time": {"field": "ts"},
                    "fields": {"amount": {}, "region": {"type": "string"}},
                }
            },
            "windows": {
                "spend": {
                    "from": "payments",
                    "tumbling": {"size": "10s"},
                    "by": ["region"],
                    "select": {
                        "count": "count(*)",
                        "amount": {"expr": "avg(amount)", "unit": "currencyEUR"},
                        "last": "last(region)",
                    },
                }
            },
            "forecasts": forecasts,
            "alerts": {name: {"when": when} for name, when in alerts.items()},
        }
    )


def records(
    windows: int, regions: tuple[str, ...] = ("north", "south"), seed: int = 1
) -> pl.DataFrame:
    """First results of the window, a row for each window and region, with a season of 24."""
    chance = np.random.default_rng(seed)
    at = np.repeat(np.arange(1, windows + 1), len(regions))
    level = np.tile(100.0 * np.arange(1, len(regions) + 1), windows)
    amount = level + 10 * np.sin(2 * np.pi * at / 24) + chance.normal(0, 1, at.size)
    return pl.DataFrame(
        {
            "time_ns": at * STEP_NS,
            "region": list(regions) * windows,
            "count": chance.integers(1, 9, at.size),
            "amount": amount,
            "revision": 0,
            "start_ns": (at - 1) * STEP_NS,
        }
    )


def batches(frame: pl.DataFrame, cuts: list[int]) -> list[RecordBatch]:
    """The rows in batches that end at these rows."""
    ends = [0, *sorted(cuts), frame.height]
    pieces = (frame[start:end] for start, end in pairwise(ends))
    return [RecordBatch("spend", piece) for piece in pieces]
