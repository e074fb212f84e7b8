"""How soon an alert is told, and when that is too late."""

from typing import Any

import pytest

from grafana.alerting.delay import Delay, delays
from grafana.refusals import refusals
from grafana.subject import Subject
from tests.grafana.shop import SHOP, shop
from tidegauge.durations import UNITS_NS

S = UNITS_NS["s"]


def late(subject: Subject) -> dict[str, Delay]:
    return {delay.alert: delay for delay in delays(subject)}


def with_disorder(out_of_orderness: str, **alerts: Any) -> Subject:
    source = SHOP["sources"]["orders"]
    time = {**source["event_time"], "out_of_orderness": out_of_orderness}
    sources = {"orders": {**source, "event_time": time}}
    return shop(sources=sources, alerts={**SHOP["alerts"], **alerts})


def test_it_is_the_sum_of_its_parts() -> None:
    high = late(shop())["high"]
    assert high.parts == (
        ("out-of-orderness", 4 * S),
        ("flow", S),
        ("evaluation interval", 10 * S),
        ("group interval", 5 * S),
        ("query and sending", S),
    )
    assert high.total_ns == 21 * S
    assert high.start == "the end of the window"


def test_what_the_file_asks_to_wait_for_is_condition_not_delay() -> None:
    held = with_disorder("4s", high={"when": "total.orders > 1", "for": "5m", "level": 8})
    assert late(held)["high"].total_ns == 21 * S
    assert late(held)["high"].conditions == ("up to 10s to the end of the window", "for 5m")
    assert late(held)["low"].conditions == ("up to 1h to the end of the window",)


def test_alerts_about_events_count_from_the_event() -> None:
    found = late(shop())
    assert found["unpaid"].start == found["odd_order"].start == "the event"
    assert found["unpaid"].conditions == ()
    # An event's own level is told before its order among others is known.
    assert found["event_level"].total_ns == found["unpaid"].total_ns - 4 * S


@pytest.mark.parametrize(("disorder", "refused"), [("12999ms", 0), ("13s", 3), ("1h", 3)])
def test_30_seconds_or_more_are_refused_above_level_7(disorder: str, refused: int) -> None:
    subject = with_disorder(disorder)
    found = refusals(subject, delays(subject))
    assert len(found) == refused
    if disorder == "13s":
        assert found[0].path == ("alerts", "low", "level")
        assert found[0].message == (
            "told up to 30s = out-of-orderness 13s + flow 1s + evaluation interval 10s + group"
            " interval 5s + query and sending 1s after the end of the window; allowed above level"
            " 7: less than 30s; lower sources.orders.event_time.out_of_orderness or this"
        )


def test_labels_of_grafana_are_no_key_columns() -> None:
    fields = {**SHOP["sources"]["orders"]["fields"], "alertname": {"type": "string"}}
    sources = {"orders": {**SHOP["sources"]["orders"], "fields": fields}}
    windows = {**SHOP["windows"], "pace": {**SHOP["windows"]["pace"], "by": ["alertname"]}}
    anomalies = {"odd": {"on": "orders.price", "by": ["alertname"]}}
    subject = shop(sources=sources, windows=windows, anomalies=anomalies)
    found = {problem.path: problem.message for problem in refusals(subject, [])}
    assert set(found) == {("windows", "pace", "by", 0), ("anomalies", "odd", "by", 0)}


def test_a_bucket_that_no_choice_can_hold_is_refused() -> None:
    subject = shop(output={"influxdb": {"bucket": "a : b"}})
    (problem,) = refusals(subject, [])
    assert problem.path == ("output", "influxdb", "bucket")
