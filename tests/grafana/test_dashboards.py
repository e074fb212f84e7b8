"""What every dashboard must have: defaults of the pipeline file, units, meanings, variables."""

import json
from typing import Any

import pytest

from grafana.dashboards import pipeline_dashboard
from grafana.subject import NUMBERS, Subject, subject_of
from tests.grafana.rendering import dashboards, examples, panels, subjects
from tidegauge.catalogue import FLOW_SIGNAL
from tidegauge.spec.models import Dashboard

BOARDS = dashboards()


every_board = pytest.mark.parametrize("board", [pytest.param(b, id=n) for n, b in BOARDS.items()])
every_pipeline = pytest.mark.parametrize(
    ("board", "subject"),
    [
        pytest.param(BOARDS[each.pipeline.pipeline], each, id=each.pipeline.pipeline)
        for each in subjects()
    ],
)
AHEAD = "web-forecasts"
PIPELINES = [name for name in BOARDS if name not in {"flow", AHEAD}]


def test_there_is_one_a_pipeline_one_for_its_forecasts_and_one_for_the_flows() -> None:
    assert set(BOARDS) == {"machines", "payments", "warehouse", "web", AHEAD, "flow"}
    assert len({board["uid"] for board in BOARDS.values()}) == 6


@every_board
def test_defaults_a_buffer_of_1000_points_updates_every_1000_ms_refresh_every_5_s(
    board: Any,
) -> None:
    assert board["refresh"] == "5s"
    ahead = board is BOARDS[AHEAD]
    range_ = {"from": "now-2h", "to": "now+1h"} if ahead else {"from": "now-15m", "to": "now"}
    assert board["time"] == range_
    assert board["schemaVersion"] == 42
    for panel in panels(board):
        assert panel["maxDataPoints"] == {"heatmap": 60, "state-timeline": 120}.get(
            panel["type"], 1_000
        )
        # Results of a window that come every 10 or 20 s are not asked for every second.
        assert panel["interval"] in {"1s", "10s", "20s"}


def test_other_values_of_the_pipeline_file_reach_every_panel() -> None:
    chart = Dashboard(buffer=500, update="2s", refresh="10s", range="6h")
    pipeline = examples()[0].model_copy(update={"dashboard": chart})
    (board, flow) = (dashboards([subject_of(pipeline)])[name] for name in ("machines", "flow"))
    for each in (board, flow):
        assert (each["refresh"], each["time"]["from"]) == ("10s", "now-6h")
        fewer = {"heatmap", "state-timeline"}
        drawn = [panel for panel in panels(each) if panel["type"] not in fewer]
        assert {panel["maxDataPoints"] for panel in drawn} == {500}
        assert {panel["interval"] for panel in drawn} <= {"2s", "10s"}


@every_board
def test_every_panel_has_a_unit_a_title_and_a_meaning(board: Any) -> None:
    for panel in panels(board):
        assert panel["title"], panel["id"]
        assert len(panel["description"]) > 10, panel["title"]
        if panel["type"] != "table":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


@every_pipeline
def test_panels_of_a_field_have_the_unit_thresholds_and_meaning_of_its_signal(
    board: Any, subject: Subject
) -> None:
    drawn = 0
    by_number = {panel["id"]: panel for panel in panels(board)}
    for about, number in pipeline_dashboard(subject).panels.items():
        if about[0] not in subject.pipeline.windows or len(about) < 2:
            continue
        fields = {field.name: field for field in subject.catalogue[about[0]].fields}
        field, panel = fields[about[1]], by_number[number]
        drawn += 1
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] == (field.unit or "short"), panel["title"]
        if "density" not in about:
            steps = defaults.get("thresholds", {}).get("steps", [{"value": None}])
            assert {step["value"] for step in steps} == {None, *field.thresholds.values()}
        if about[1] in {each.name for each in subject.fields(about[0])}:
            assert panel["description"].startswith(field.description or "")
    assert drawn >= sum(len(subject.fields(name)) for name in subject.pipeline.windows)


@every_pipeline
def test_every_number_of_a_window_is_drawn_over_time(board: Any, subject: Subject) -> None:
    lines = {panel["title"] for panel in panels(board) if panel["type"] == "timeseries"}
    for name in subject.pipeline.windows:
        assert {f.name for f in subject.fields(name) if f.type in NUMBERS} <= lines


@pytest.mark.parametrize("name", PIPELINES)
def test_what_is_wrong_now_is_at_the_top(name: str) -> None:
    board = BOARDS[name]
    first = [panel["title"] for panel in panels(board)[:2]]
    assert first == ["Alerts firing", "What is wrong now"]
    assert all(panel["gridPos"]["y"] == 1 for panel in panels(board)[:2])


def test_a_forecast_is_drawn_with_what_was_measured_and_its_band() -> None:
    (panel,) = panels(BOARDS[AHEAD])
    fields = [target["query"].split('"')[1] for target in panel["targets"]]
    assert fields == ["requests", "expected", "lower", "upper"]
    own = "\"forecast\" = 'expected_requests'"
    assert [own in target["query"] for target in panel["targets"]] == [False, True, True, True]
    (*_, upper) = panel["fieldConfig"]["overrides"]
    assert {"id": "custom.fillBelowTo", "value": "lower"} in upper["properties"]
    assert upper["matcher"]["options"] == panel["targets"][3]["refId"]
    assert panel["targets"][2]["alias"] == "lower"


@pytest.mark.parametrize("name", PIPELINES)
def test_there_is_every_kind_of_picture(name: str) -> None:
    kinds = {panel["type"] for panel in panels(BOARDS[name])}
    assert kinds == {
        "timeseries", "gauge", "bargauge", "heatmap", "table", "state-timeline", "stat"
    }  # fmt: skip


@every_pipeline
def test_each_anomaly_is_marked_on_the_line_it_is_about(board: Any, subject: Subject) -> None:
    marked = {
        (panel["title"], target["query"].split('"anomaly" = \'')[1].split("'")[0])
        for panel in panels(board)
        for target in panel["targets"]
        if panel["type"] == "timeseries"
        and any(
            override["matcher"] == {"id": "byFrameRefID", "options": target["refId"]}
            for override in panel["fieldConfig"]["overrides"]
        )
    }
    for name, anomaly in subject.pipeline.anomalies.items():
        target, field = anomaly.target, anomaly.fields[0]
        title = field if target in subject.pipeline.windows else name
        assert (title, name) in marked


@every_pipeline
def test_every_key_is_a_variable_and_every_query_of_a_keyed_window_is_bounded_by_one(
    board: Any, subject: Subject
) -> None:
    variables = {each["name"]: each for each in board["templating"]["list"]}
    shown = {name for name, each in variables.items() if each.get("hide", 0) == 0}
    assert shown == set(subject.variables.values())
    assert all(variables[name]["allValue"] == ".*" for name in shown)
    for panel in panels(board):
        for target in panel["targets"]:
            query = target["query"]
            drawn = panel["type"] == "timeseries" and "anomalies" not in query
            for name, window in subject.pipeline.windows.items():
                if drawn and window.by and f'"{name}"' in query and "sum(" not in query:
                    assert f"drawn_{name}_0" in query, panel["title"]


@every_board
def test_no_panel_lies_on_another(board: Any) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@every_board
def test_numbers_of_panels_and_letters_of_queries_are_unique(board: Any) -> None:
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in panels(board):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_the_flow_dashboard_shows_the_units_of_the_flow_signal() -> None:
    text = json.dumps(BOARDS["flow"])
    units = {field.name: field.unit for field in FLOW_SIGNAL.fields}
    (table,) = (panel for panel in panels(BOARDS["flow"]) if panel["title"] == "Partitions now")
    for override in table["fieldConfig"]["overrides"]:
        name = override["matcher"]["options"]
        for prop in override["properties"]:
            if prop["id"] == "unit" and name in units and name != "watermark":
                assert prop["value"] == units[name]
    assert all(name in text for name in ("processed", "rate", "errors", "corrections", "filtered"))


@pytest.mark.parametrize("name", BOARDS)
def test_every_picker_changes_what_a_panel_shows(name: str) -> None:
    board = BOARDS[name]
    asked = [target["query"] for panel in panels(board) for target in panel["targets"]]
    variables = {each["name"]: str(each["query"]) for each in board["templating"]["list"]}
    hidden = {each["name"] for each in board["templating"]["list"] if each.get("hide") == 2}
    for one in variables:
        drawn = [text for other, text in variables.items() if other in hidden - {one}]
        assert any(f"${{{one}:" in text for text in (*asked, *drawn)), one
    for one in hidden:
        assert any(f"${{{one}:" in text for text in asked), one


def test_a_forecast_without_keys_has_no_picker_of_keys() -> None:
    assert BOARDS["web-forecasts"]["templating"]["list"] == []


@pytest.mark.parametrize("name", BOARDS)
def test_the_link_to_the_other_dashboards_is_in_sight(name: str) -> None:
    """A link with a place is an entry of a menu that is closed at first."""
    (link,) = BOARDS[name]["links"]
    assert "placement" not in link
    assert (link["type"], link["tags"], link["asDropdown"]) == ("dashboards", ["tidegauge"], True)
