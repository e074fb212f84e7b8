"""The block `dashboard` of the pipeline file."""

from pathlib import Path

import pytest

from tidegauge.durations import UNITS_NS
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.mistakes import Mistakes
from tidegauge.spec.models import Pipeline

FILE = """
version: 1
pipeline: shop
sources:
  orders:
    kafka: {topic: orders}
    event_time: {field: time}
    fields: {price: {type: float}}
"""


def _parse(text: str) -> Pipeline:
    return parse_pipeline(text, "shop.yaml", Path(), {})


def test_charts_hold_1000_points_take_new_ones_every_1000_ms_and_dashboards_ask_every_5_s() -> None:
    dashboard = _parse(FILE).dashboard
    assert dashboard.buffer == 1_000
    assert dashboard.update == 1_000 * UNITS_NS["ms"]
    assert dashboard.refresh == 5 * UNITS_NS["s"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "update: 10ms",
            "update: 10ms is not allowed; allowed: 100ms to 1m, in whole milliseconds",
        ),
        ("refresh: 1500ms", "refresh: 1s500ms is not allowed; allowed: 1s to 1h, in whole seconds"),
        ("range: 5s", "range: 5s is not allowed; allowed: 1m to 52w1d, in whole seconds"),
        ("buffer: 5", "dashboard.buffer: "),
        ("bufer: 500", "dashboard.bufer: "),
    ],
)
def test_what_no_chart_can_keep_to_is_a_mistake(written: str, said: str) -> None:
    with pytest.raises(Mistakes) as found:
        _parse(f"{FILE}dashboard: {{{written}}}\n")
    assert said in str(found.value)
    assert len(found.value.mistakes) == 1
