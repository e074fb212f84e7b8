"""Panels that say `now` show what is now, in a relative range and in an absolute one."""

import re

import pytest

from tests.grafana.browser.display import Display
from tests.grafana.browser.pictures import boards, pictures
from tests.grafana.macros import Range
from tests.grafana.rendering import dashboards, panels
from tests.grafana.written import AT_MS, S_MS, Record, Written, written
from tests.services.influxdb import InfluxDB


def test_what_says_now_is_of_now_whatever_the_dashboard_looks_at(odd: Written) -> None:
    """An absolute range, and one that ends before now."""
    day_ms = 86_400_000
    yesterday = Range(AT_MS - 2 * day_ms, AT_MS - day_ms)
    seen = 0
    for dashboard in boards(odd):
        for panel in panels(dashboard.board):
            if "timeFrom" in panel:
                now = [found for _, found in dashboard.answers(panel)]
                then = [found for _, found in dashboard.answers(panel, absolute=yesterday)]
                assert now == then, panel["title"]
                seen += any(now)
            else:
                for _, found in dashboard.answers(panel, absolute=yesterday):
                    assert found == [], panel["title"]
    assert seen > 8


@pytest.mark.parametrize("name", dashboards())
def test_a_panel_says_now_where_it_is_of_now_and_only_there(name: str) -> None:
    for panel in panels(dashboards()[name]):
        own = "timeFrom" in panel
        told = re.search(r"\bnow\b|firing|^Latency", panel["title"]) is not None
        assert own == told, panel["title"]
        for target in panel["targets"]:
            assert ("$timeFilter" in target["query"]) != own, panel["title"]


def test_only_what_the_file_has_fires_now(influxdb: InfluxDB) -> None:
    """Records of an alert that was renamed, and of a level it had before, are ended by nothing."""
    one = written(influxdb)
    fields = {"active": 1, "state": "firing", "value": 1.0, "summary": "x", "since_ns": 1}
    for alert, level in (("low", "9"), ("low", "3"), ("low_before", "9"), ("event_level", "10")):
        one.write("alerts", fields, {"alert": alert, "level": level}, AT_MS - S_MS)
    dashboard = one.asking()
    titled = {panel["title"]: panel for panel in panels(dashboard.board)}
    ((_, rows),) = dashboard.answers(titled["What is wrong now"])
    now = {(row.tags["alert"], row.tags["level"]) for row in rows}
    assert now == {("low", "9"), ("event_level", "10")}
    ((_, (number,)),) = dashboard.answers(titled["Alerts firing"])
    assert number.column("active") == [2]


def test_a_count_is_one_number_beside_the_zero_of_the_flow(
    influxdb: InfluxDB, shows: Display
) -> None:
    """InfluxDB answers with a series for each measurement; two would be two numbers."""
    one = written(influxdb)
    one.beat()
    one.beat(AT_MS - 60 * S_MS)
    fields = {"active": 1, "state": "firing", "value": 1.0, "summary": "x", "since_ns": 1}
    records: list[Record] = []
    for number in range(1, 4):
        at_ms = AT_MS - number * S_MS
        records += [
            ("alerts", fields, {"alert": "low", "level": "9", "user id": str(number)}, at_ms),
            ("anomalies", {"value": 1.0, "score": 2.0}, {"anomaly": "odd"}, at_ms),
            ("dead_letters", {"offset": number}, {"kind": "malformed"}, at_ms),
        ]
    one.write_all(records)
    counts = {"Alerts firing", "Anomalies in range", "Dead letters in range"}
    found = {
        panel["title"]: [single.text for single in picture.singles]
        for dashboard in boards(one)
        for panel, picture in pictures(shows, dashboard, "stat")
        if panel["title"] in counts
    }
    assert found == {title: ["3"] for title in counts}
