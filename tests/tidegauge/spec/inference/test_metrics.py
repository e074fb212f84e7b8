"""Metrics: numbers that are measured, and the share of what is true."""

from typing import Any

import pytest

from tidegauge.spec.inference.fields import profile_fields
from tidegauge.spec.inference.metrics import Metric, averaged, choose_metrics


@pytest.mark.parametrize(
    ("field", "values", "worth"),
    [
        ("amount", [1.5, 2.5], True),
        ("duration_ms", [1, 2], True),
        ("fill_level", [0.5, 0.7], True),
        ("level", [1, 2], False),
        ("status", [200, 404], False),
        ("order_id", [1, 2], False),
        ("userId", [1, 2], False),
        ("lat", [1.5, 2.5], False),
        ("updated_at", [1.5, 2.5], False),
        ("alert_level", [1, 2], False),
        ("version", [1.0] * 20, False),
        ("name", ["a", "b"], False),
    ],
)
def test_what_is_worth_averaging(field: str, values: list[Any], *, worth: bool) -> None:
    fields = profile_fields({field: value} for value in values)
    assert bool(averaged(fields)) is worth


def test_names_differ_from_each_other_and_from_those_taken() -> None:
    fields = profile_fields([{"a b": 1, "a-b": 2, "ok": True}])
    names = [metric.name for metric in choose_metrics(fields, taken=["count", "ok_share"])]
    assert names == ["count_2", "a_b_avg", "a_b_max", "a_b_avg_2", "a_b_max_2", "ok_share_2"]


def test_fields_are_quoted_where_sql_needs_it() -> None:
    fields = profile_fields([{"select": 1, "Größe": 2}])
    assert choose_metrics(fields, taken=[]) == [
        Metric("count", "count(*)"),
        Metric("select_avg", 'avg("select")'),
        Metric("select_max", 'max("select")'),
        Metric("grosse_avg", 'avg("Größe")'),
        Metric("grosse_max", 'max("Größe")'),
    ]
