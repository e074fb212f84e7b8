"""The rule of an alert on `forecast(…)`, and of one whose condition names no number."""

from typing import Any

import pytest

from grafana.alerting.annotations import VALUE
from grafana.alerting.delay import delays
from grafana.alerting.look_back import look_back_ns
from grafana.subject import Subject
from tests.grafana.rendering import dashboards, panels, rules
from tests.grafana.shop import SHOP, shop
from tidegauge.durations import UNITS_NS

H = UNITS_NS["h"]
WHEN = "forecast(sales.revenue, 4h) < 10"


def ahead(every: str | None = None, **alert: Any) -> Subject:
    forecasts = {}
    if every is not None:
        forecasts = {"revenue": {"on": "sales.revenue", "horizon": "4h", "every": every}}
    alerts = {**SHOP["alerts"], "soon": {"when": WHEN, "level": 7, **alert}}
    return shop(alerts=alerts, forecasts=forecasts)


def test_it_reads_the_state_and_the_value_of_each_series_of_the_window() -> None:
    rule = rules(ahead())["soon"]
    queries = {part["refId"]: part["model"].get("query", "") for part in rule["data"]}
    assert set(queries) == set("ABCDE")
    for query in (queries["A"], queries["D"]):
        assert "\"alert\" = 'soon'" in query
        assert query.endswith('GROUP BY "user id", "shop", "team"')
    assert rule["labels"]["level"] == "7"


@pytest.mark.parametrize(
    ("every", "hours"),
    # An hour and two forecasts.
    [(None, 1 + 2 * 1), ("1h", 1 + 2 * 1), ("3h", 1 + 2 * 3)],
)
def test_it_looks_back_as_forecasts_come_not_as_results_of_the_window(
    every: str | None, hours: float
) -> None:
    subject = ahead(every)
    assert look_back_ns(subject.pipeline, subject.pipeline.alerts["soon"]) == hours * H
    spans = {part["relativeTimeRange"]["from"] for part in rules(subject)["soon"]["data"]}
    assert spans == {0, int(hours * 3_600)}


@pytest.mark.parametrize("every", [None, "3h"])
def test_it_points_to_the_panel_of_what_is_forecast(every: str | None) -> None:
    subject = ahead(every)
    board = dashboards([subject])["shop"]
    (panel,) = (one for one in panels(board) if one["id"] == rules(subject)["soon"]["panelId"])
    assert panel["title"].startswith("revenue")
    assert panel["type"] == "timeseries"


def test_its_delay_counts_from_the_end_of_the_window() -> None:
    (soon,) = (delay for delay in delays(ahead()) if delay.alert == "soon")
    assert soon.start == "the end of the window"
    assert dict(soon.parts)["out-of-orderness"] == 4 * UNITS_NS["s"]
    assert soon.conditions == (
        "up to 1h to the end of the window",
        "up to 1h to the next forecast",
    )


def test_its_text_names_keys_and_value() -> None:
    texts = rules(ahead(summary="{user id}: {value}"))["soon"]["annotations"]
    assert texts["summary"] == f'{{{{ index $labels "user id" }}}}: {VALUE}'


def test_a_condition_that_names_no_number_has_no_value_to_ask_for() -> None:
    unpaid = {"when": "orders.paid = false", "level": 8, "summary": "{interval}: {value}"}
    rule = rules(shop(alerts={"unpaid": unpaid}))["unpaid"]
    assert [part["refId"] for part in rule["data"]] == ["A", "B", "C"]
    # A field of the event is in the record alone.
    assert rule["annotations"]["summary"] == "…: no value"
