"""Columns that a function adds, from the message to the records, and one that nobody declares."""

from typing import Any

import polars as pl
import pytest

from dataflows.checks.selftest import observe
from tests.names.flow import held, run
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Pipeline


def twice(events: pl.DataFrame) -> pl.DataFrame:
    if (events["price"] == 8).any():
        raise ValueError("eight")
    return events.with_columns(twice=pl.col("price") * 2)


def pipeline(adds: dict[str, Any], metric: str) -> Pipeline:
    source = {
        "kafka": {"topic": "bids"},
        "event_time": {"field": "at", "format": "epoch_ms"},
        "fields": {"price": {"type": "int"}, "at": {"type": "int"}},
        "process": {"function": f"{__name__}:twice", "adds": adds},
    }
    window = {"from": "bids", "tumbling": {"size": "10s"}, "select": {"n": metric}}
    return Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "hook",
            "sources": {"bids": source},
            "windows": {"w": window},
            "alerts": {"dear": {"when": "w.n > 1", "level": 9}},
            "output": {"kafka": {"events": True}},
        }
    )


EVENTS = held({"price": price, "at": at} for at, price in enumerate([10, 9, 8, 7, 20], 1))


def test_a_declared_column_is_counted_and_sent() -> None:
    made = run(pipeline({"twice": "int"}, "sum(twice)"), EVENTS)
    assert [row["n"] for row in made.rows("w")] == [2 * (10 + 9 + 7 + 20)]
    events = pl.concat([one.frame for one in made.sent if one.signal == "events.bids"])
    assert events["twice"].to_list() == [20, 18, 14, 40]
    assert [row["kind"] for row in made.rows("dead_letters")] == ["process"]


def test_a_column_that_nobody_declares_is_refused_by_name() -> None:
    with pytest.raises(UserMistake, match=r"has 'twice', which nobody declares; .*sources\.bids\."):
        observe(pipeline({}, "count(*)"), EVENTS)
