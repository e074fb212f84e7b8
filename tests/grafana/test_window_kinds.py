"""Dashboards and rules over windows without a fixed length, and over those that overlap."""

from typing import Any

import pytest

from grafana.alerting.delay import delays
from grafana.alerting.look_back import look_back_ns
from grafana.influxql import Store
from grafana.queries.windows import WindowQueries
from grafana.rows.window import WindowRow
from grafana.subject import RECENT_NS, UNKNOWN_STEP_NS, Subject
from tests.grafana.rendering import dashboards
from tests.grafana.shop import shop
from tidegauge.durations import UNITS_NS
from tidegauge.spec.models import Window

KINDS: dict[str, dict[str, Any]] = {
    "visits": {"session": {"gap": "30m"}},
    "hundred": {"count": {"size": 100}},
    "rolling": {"count": {"size": 100, "every": 10}},
    "today": {"cumulative": {"size": "1d", "every": "10m"}},
    "judged": {"cumulative": {"size": "1d", "every": "10m"}},
}
WINDOWS = {
    name: {"from": "orders", "by": ["interval"], "select": {"orders": "count(*)"}, **kind}
    for name, kind in KINDS.items()
}
ALERTS = {name: {"when": f"{name}.orders > 5"} for name in WINDOWS}
ALERTS["judged"]["for"] = "20m"
WORDS = {
    "visits": "visits: sessions with a gap of 30m",
    "hundred": "hundred: windows of 100 events",
    "rolling": "rolling: windows of 100 events every 10",
    "today": "today: 1d so far, every 10m",
    "judged": "judged: 1d so far, every 10m",
}


@pytest.fixture
def subject() -> Subject:
    """A pipeline with a window of each kind, and an alert over each."""
    return shop(windows=WINDOWS, anomalies={}, alerts=ALERTS)


@pytest.mark.parametrize("name", KINDS)
def test_the_row_says_what_the_windows_are(subject: Subject, name: str) -> None:
    assert WindowRow(subject, name).row().title == WORDS[name]


def test_every_window_has_a_row_of_its_metrics_alone(subject: Subject) -> None:
    assert [column.name for column in subject.fields("visits")] == ["orders"]
    titles = {panel["title"] for panel in dashboards([subject])["shop"]["panels"]}
    assert titles >= set(WORDS.values())


def test_points_of_windows_that_end_at_any_moment_are_an_update_apart(subject: Subject) -> None:
    for name in ("visits", "hundred", "rolling"):
        assert subject.step_ns(name) == subject.pipeline.dashboard.update
        assert subject.recent_ns(name) == UNKNOWN_STEP_NS
    assert subject.step_ns("today") == 10 * UNITS_NS["m"]
    assert subject.recent_ns("today") == UNITS_NS["d"]
    assert subject.recent_ns("judged") == 30 * UNITS_NS["m"] > RECENT_NS


def test_an_alert_over_windows_that_end_at_any_moment_is_looked_for_over_days(
    subject: Subject,
) -> None:
    found = {name: look_back_ns(subject.pipeline, each) for name, each in _alerts(subject)}
    hour = UNITS_NS["h"]
    assert found["visits"] == found["hundred"] == 49 * hour
    # A day so far may stay the same until the day is over: only then its alert can be stale.
    assert found["today"] == 49 * hour
    assert found["judged"] == 24 * hour + 40 * UNITS_NS["m"]


def test_what_is_waited_for_before_a_window_ends_is_condition(subject: Subject) -> None:
    found = {delay.alert: delay.conditions for delay in delays(subject)}
    assert found["visits"] == ("the rest of the session and its gap of 30m",)
    assert found["rolling"] == ("the rest of the 100 events",)
    assert found["today"] == ("up to 10m to the end of the window",)


def test_queries_of_sessions_leave_out_what_is_superseded() -> None:
    for name in KINDS:
        query = _queries(name).events()
        assert ("\"state\" = 'final'" in query) == (name == "visits")


def test_events_are_added_up_where_windows_do_not_overlap() -> None:
    assert {name: _queries(name).overlaps for name in KINDS} == {
        "visits": False,
        "hundred": False,
        "rolling": True,
        "today": True,
        "judged": True,
    }


def _queries(name: str) -> WindowQueries:
    window = Window.model_validate(WINDOWS[name])
    return WindowQueries(Store("b", "p"), name, window, None)


def _alerts(subject: Subject) -> list[tuple[str, Any]]:
    return list(subject.pipeline.alerts.items())
