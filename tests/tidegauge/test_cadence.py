"""Which windows have a result of each key at each step."""

from typing import Any

import pytest

from tidegauge.cadence import gives_every_step, longest_step_ns
from tidegauge.durations import UNITS_NS
from tidegauge.spec.models import Pipeline

DAY, MINUTE = UNITS_NS["d"], UNITS_NS["m"]
PIPELINE: dict[str, Any] = {
    "version": 1,
    "pipeline": "p",
    "sources": {
        "s": {
            "kafka": {"topic": "t"},
            "event_time": {"field": "ts", "format": "epoch_ms"},
            "fields": {"v": {"type": "float"}},
        }
    },
    "windows": {
        "day": {
            "from": "s",
            "cumulative": {"size": "1d", "every": "1m"},
            "select": {"total": "sum(v)"},
        },
        "minute": {"from": "s", "tumbling": {"size": "1m"}, "select": {"total": "sum(v)"}},
        "visit": {"from": "s", "session": {"gap": "1m"}, "select": {"total": "sum(v)"}},
    },
}


def pipeline(**more: Any) -> Pipeline:
    return Pipeline.model_validate({**PIPELINE, **more})


@pytest.mark.parametrize(
    ("more", "every_step"),
    [
        ({}, False),
        ({"alerts": {"a": {"when": "day.total > 5"}}}, False),
        ({"alerts": {"a": {"when": "day.total > 5", "for": "10m"}}}, True),
        ({"alerts": {"a": {"when": "minute.total > 5", "for": "10m"}}}, False),
        ({"anomalies": {"odd": {"on": "day.total"}}}, True),
        ({"anomalies": {"odd": {"on": "minute.total"}}}, False),
    ],
)
def test_each_step_is_given_where_time_is_judged(more: dict[str, Any], every_step: bool) -> None:  # noqa: FBT001 - pytest gives it by name
    made = pipeline(**more)
    assert gives_every_step(made, "day") == every_step
    assert longest_step_ns(made, "day") == (MINUTE if every_step else DAY)


def test_other_kinds_have_the_steps_that_they_are_declared_with() -> None:
    made = pipeline(anomalies={"odd": {"on": "minute.total"}})
    assert not gives_every_step(made, "minute")
    assert longest_step_ns(made, "minute") == MINUTE
    assert longest_step_ns(made, "visit") is None
