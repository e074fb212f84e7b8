"""Panels that say `now` show what is now, in a relative range and in an absolute one."""

import re

import pytest

from tests.grafana.browser.pictures import boards
from tests.grafana.macros import Range
from tests.grafana.rendering import dashboards, panels
from tests.grafana.written import AT_MS, Written


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
