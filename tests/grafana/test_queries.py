"""Every query of every panel and variable, on an InfluxDB that a run of the flow filled."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from grafana.queries.flow import VARIABLE
from tests.grafana.asking import Asking
from tests.grafana.database import Series
from tests.grafana.filled import NAMES, Filled
from tests.grafana.macros import Choice
from tests.grafana.rendering import dashboards, panels


def firing_ms(store: Filled) -> int:
    """A moment in which alerts are firing."""
    firing = [row for row in store.copy.records("alerts") if row["active"] == 1]
    return max(int(row["time_ns"]) for row in firing if row["alert"] != "event_level") // 1_000_000


def asking(store: Filled, choices: Mapping[str, Choice] | None = None) -> Asking:
    """The dashboard of a pipeline after all events, when the store is complete."""
    board = dashboards([store.subject])[store.copy.pipeline.pipeline]
    found = Asking(store.influxdb, board, max(store.times_ms("flow")))
    found.choose(choices or {})
    return found


def assert_drawn(panel: Any, target: Any, found: list[Series]) -> None:
    """The answer has rows with what the panel draws."""
    where = f"{panel['title']} {target['refId']}: {target['query']}"
    assert found, f"no rows: {where}"
    columns = set(found[0].columns) | set(found[0].tags) | {"Time"}
    if target["resultFormat"] == "table" and panel["type"] == "table":
        organized = panel["transformations"][-1]["options"]
        named = {*organized["renameByName"], *organized["excludeByName"]}
        if any(each["id"] == "groupBy" for each in panel["transformations"]):
            named = {name.partition(" (")[0] for name in named}
            columns.discard("group")
        assert named <= columns, where
        assert columns - named <= {"time", "Time"}, where
        return
    name = target["query"].split(" FROM ")[0].rpartition(" AS ")[2].strip('"')
    drawn = [value for series in found for value in series.column(name) if value is not None]
    assert drawn, f"only nulls: {where}"
    kind = str if panel["fieldConfig"]["defaults"]["unit"] == "string" else (int, float)
    assert all(isinstance(value, kind) for value in drawn), where


@pytest.mark.parametrize("name", NAMES)
def test_every_query_gives_the_rows_that_its_panel_draws(
    name: str, stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    store = stores[name]
    dashboard = asking(store)
    for panel in panels(dashboard.board):
        at_ms = firing_ms(store) if panel["title"] == "What is wrong now" else None
        for target, found in dashboard.answers(panel, at_ms):
            assert_drawn(panel, target, found)
            checked["queries run"] += 1
        checked["panels"] += 1


def test_every_query_of_the_flow_dashboard_does_too(
    stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    board = dashboards([store.subject for store in stores.values()])["flow"]
    for store in stores.values():
        name, bucket = store.copy.pipeline.pipeline, store.bucket
        assert f"{name} : {bucket}" in board["templating"]["list"][0]["query"]
        choice = {VARIABLE: Choice([bucket], [name])}
        dashboard = Asking(store.influxdb, board, max(store.times_ms("flow")), choice)
        for panel in panels(board):
            for target, found in dashboard.answers(panel):
                assert_drawn(panel, target, found)
                checked["queries run"] += 1
            checked["panels"] += 1


@pytest.mark.parametrize("name", NAMES)
def test_variables_offer_all_keys_and_hidden_ones_those_that_are_drawn(
    name: str, stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    store = stores[name]
    dashboard = asking(store)
    for variable in dashboard.variables:
        assert dashboard.values(variable)
        checked["queries run"] += 1
    for key, variable in store.subject.variables.items():
        windows = store.copy.pipeline.windows
        stored = {
            row[key] for w in windows if key in windows[w].by for row in store.copy.records(w)
        }
        assert set(dashboard.values(variable)) == stored


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 2])
def test_a_choice_of_keys_leaves_these_alone(
    name: str, count: int, stores: Mapping[str, Filled]
) -> None:
    """Also values with slashes, which mean something in an expression."""
    store = stores[name]
    key, variable = next(iter(store.subject.variables.items()))
    chosen = asking(store).values(variable)[:count]
    dashboard = asking(store, {variable: Choice(chosen)})
    hidden = set(dashboard.variables) - {variable}
    assert all(set(dashboard.choices[each].values) <= set(chosen) for each in hidden)
    windows = store.copy.pipeline.windows
    main = next(window for window, declared in windows.items() if key in declared.by)
    titles = {field.name for field in store.subject.fields(main)}
    drawn = [panel for panel in panels(dashboard.board) if panel["title"] in titles]
    assert len(drawn) == len(titles)
    for panel in drawn:
        for target, found in dashboard.answers(panel):
            if target["refId"] == "A":
                assert {series.tags[key] for series in found} == set(chosen)
