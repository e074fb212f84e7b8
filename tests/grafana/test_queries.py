"""Every query of every panel and variable, on an InfluxDB that a run of the flow filled."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from grafana.queries.flow import VARIABLE
from tests.grafana.database import Series, ask
from tests.grafana.filled import NAMES, Filled
from tests.grafana.macros import Choice, Range, interval, with_time, with_variables
from tests.grafana.rendering import dashboards, panels

SPAN = "30m"
"""All of the events of an example lie in it."""


def now_ms(store: Filled) -> int:
    """A moment after all events, when the store is complete."""
    return max(store.times_ms("flow"))


def firing_ms(store: Filled) -> int:
    """A moment in which alerts are firing."""
    firing = [row for row in store.copy.records("alerts") if row["active"] == 1]
    return max(int(row["time_ns"]) for row in firing if row["alert"] != "event_level") // 1_000_000


def all_choices(store: Filled, board: Any, span: Range) -> dict[str, Choice]:
    """What each variable stands for while nothing is chosen; hidden ones ask the store."""
    choices: dict[str, Choice] = {}
    for variable in board["templating"]["list"]:
        if variable["type"] == "custom":
            text, value = store.copy.pipeline.pipeline, store.bucket
            assert f"{text} : {value}" in variable["query"]
            choices[variable["name"]] = Choice([value], [text])
        elif "allValue" in variable:
            choices[variable["name"]] = Choice(literal=variable["allValue"])
        else:
            choices[variable["name"]] = Choice(values(store, variable, choices, span))
    return choices


def values(store: Filled, variable: Any, choices: Mapping[str, Choice], span: Range) -> list[str]:
    """The values that a variable offers: those of the first column of texts."""
    query = with_time(with_variables(variable["query"]["query"], choices), span)
    found: dict[str, None] = {}
    for series in ask(store.influxdb, "none", query):
        column = "value" if query.startswith("SHOW") else series.columns[1]
        offered = series.column(column)
        assert all(isinstance(value, str) and value for value in offered), query
        found |= dict.fromkeys(offered)
    return list(found)


def answers(
    store: Filled, panel: Any, choices: Mapping[str, Choice], at_ms: int
) -> dict[str, list[Series]]:
    """What each query of a panel gives."""
    span = Range.before(at_ms, panel.get("timeFrom", SPAN))
    step = interval(span, panel["maxDataPoints"], panel["interval"])
    return {
        target["refId"]: ask(
            store.influxdb, "none", with_time(with_variables(target["query"], choices), span, step)
        )
        for target in panel["targets"]
    }


def assert_drawn(panel: Any, target: Any, found: list[Series]) -> None:
    """The answer has rows with what the panel draws."""
    where = f"{panel['title']} {target['refId']}: {target['query']}"
    assert found, f"no rows: {where}"
    columns = set(found[0].columns) | set(found[0].tags) | {"Time"}
    if target["resultFormat"] == "table" and panel["type"] == "table":
        organized = panel["transformations"][-1]["options"]
        assert set(organized["renameByName"]) <= columns, where
        assert set(organized["excludeByName"]) <= columns, where
        left = columns - set(organized["renameByName"]) - set(organized["excludeByName"]) - {"time"}
        assert not left, f"columns that are not named: {left}: {where}"
        return
    name = target["query"].split(" FROM ")[0].rpartition(" AS ")[2].strip('"')
    drawn = [value for series in found for value in series.column(name) if value is not None]
    assert drawn, f"only nulls: {where}"
    kind = str if panel["type"] == "state-timeline" else (int, float)
    assert all(isinstance(value, kind) for value in drawn), where


@pytest.mark.parametrize("name", NAMES)
def test_every_query_gives_the_rows_that_its_panel_draws(
    name: str, stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    store = stores[name]
    board = dashboards([store.subject])[store.copy.pipeline.pipeline]
    choices = all_choices(store, board, Range.before(now_ms(store), SPAN))
    for panel in panels(board):
        at_ms = firing_ms(store) if panel["title"] == "What is wrong now" else now_ms(store)
        found = answers(store, panel, choices, at_ms)
        for target in panel["targets"]:
            assert_drawn(panel, target, found[target["refId"]])
            checked["queries run"] += 1
        checked["panels"] += 1


def test_every_query_of_the_flow_dashboard_does_too(
    stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    board = dashboards([store.subject for store in stores.values()])["flow"]
    for store in stores.values():
        span = Range.before(now_ms(store), SPAN)
        choices = all_choices(store, board, span)
        assert set(choices) == {VARIABLE}
        for panel in panels(board):
            found = answers(store, panel, choices, now_ms(store))
            for target in panel["targets"]:
                assert_drawn(panel, target, found[target["refId"]])
                checked["queries run"] += 1
            checked["panels"] += 1


@pytest.mark.parametrize("name", NAMES)
def test_variables_offer_the_keys_and_draw_no_more_than_they_say(
    name: str, stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    store = stores[name]
    subject = store.subject
    board = dashboards([subject])[store.copy.pipeline.pipeline]
    span = Range.before(now_ms(store), SPAN)
    choices = all_choices(store, board, span)
    for variable in board["templating"]["list"]:
        offered = values(store, variable, choices, span)
        assert offered
        assert len(offered) <= 40 or "allValue" in variable
        checked["queries run"] += 1
    for key, variable_name in subject.variables.items():
        for window, declared in subject.pipeline.windows.items():
            if key in declared.by:
                rows = store.copy.records(window)
                variable = next(
                    v for v in board["templating"]["list"] if v["name"] == variable_name
                )
                assert set(values(store, variable, choices, span)) == {row[key] for row in rows}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 2])
def test_a_choice_of_keys_leaves_these_alone(
    name: str, count: int, stores: Mapping[str, Filled]
) -> None:
    """Values with slashes, dots and other characters that mean something in an expression too."""
    store = stores[name]
    subject = store.subject
    board = dashboards([subject])[store.copy.pipeline.pipeline]
    span = Range.before(now_ms(store), SPAN)
    (key, variable) = next(iter(subject.variables.items()))
    declared = next(v for v in board["templating"]["list"] if v["name"] == variable)
    chosen = values(store, declared, {}, span)[:count]
    choices = {variable: Choice(chosen)}
    for hidden in board["templating"]["list"]:
        if hidden["name"] not in choices:
            choices[hidden["name"]] = Choice(values(store, hidden, choices, span))
            assert set(choices[hidden["name"]].values) <= set(chosen)
    main = next(w for w, declared in subject.pipeline.windows.items() if key in declared.by)
    titles = {field.name for field in subject.fields(main)}
    seen = 0
    for panel in panels(board):
        if panel["title"] in titles:
            lines = answers(store, panel, choices, now_ms(store))["A"]
            assert {series.tags[key] for series in lines} == set(chosen)
            seen += 1
    assert seen == len(titles)
