"""Dashboards against the types that Grafana publishes for this version."""

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.grafana.rendering import dashboards, panels, subjects
from tests.grafana.schema.checker import TypeChecker
from tests.grafana.shop import shop

Change = Callable[[Any], object]


def _panel(board: Any, kind: str) -> Any:
    return next(panel for panel in board["panels"] if panel["type"] == kind)


def _defaults(board: Any, kind: str) -> Any:
    return _panel(board, kind)["fieldConfig"]["defaults"]


def _override(board: Any) -> Any:
    found = (panel["fieldConfig"]["overrides"] for panel in panels(board))
    return next(overrides[0] for overrides in found if overrides)


WRONG: dict[str, Change] = {
    "key_of_link": lambda board: board["links"][0].update(placement="inControlsMenu"),
    "unit_of_table": lambda board: _defaults(board, "table").update(unit="short"),
    "key_of_dashboard": lambda board: board.update(refreshh="5s"),
    "key_of_panel": lambda board: _panel(board, "timeseries").update(titel="x"),
    "key_of_options": lambda board: _panel(board, "timeseries")["options"].update(legendd={}),
    "key_of_legend": lambda board: _panel(board, "timeseries")["options"]["legend"].update(mod=1),
    "key_of_custom": lambda board: _defaults(board, "timeseries")["custom"].update(lineWith=1),
    "key_of_target": lambda board: _panel(board, "gauge")["targets"][0].update(rawquery=True),
    "key_of_variable": lambda board: board["templating"]["list"][0].update(alVal="x"),
    "key_of_place": lambda board: _panel(board, "gauge")["gridPos"].update(z=1),
    "key_of_row": lambda board: _panel(board, "row").update(collapse=True),
    "key_of_color": lambda board: _panel(board, "heatmap")["options"]["color"].update(schem="x"),
    "key_of_table": lambda board: _panel(board, "table")["options"].update(footer={}),
    "id_of_override": lambda board: _override(board)["properties"][0].update(id="custom.with"),
    "enum_of_style": lambda board: _defaults(board, "timeseries")["custom"].update(drawStyle="dot"),
    "enum_of_color": lambda board: _panel(board, "stat")["options"].update(colorMode="bg"),
    "enum_of_hide": lambda board: board["templating"]["list"][0].update(hide=9),
    "enum_of_tooltip": lambda board: board.update(graphTooltip=7),
    "enum_of_thresholds": lambda board: _defaults(board, "gauge")["thresholds"].update(mode="abs"),
    "enum_of_mapping": lambda board: _defaults(board, "state-timeline")["mappings"][0].update(
        type="val"
    ),
    "enum_of_panel": lambda board: _panel(board, "gauge").update(type="gage"),
    "type_of_points": lambda board: _panel(board, "gauge").update(maxDataPoints="1000"),
    "type_of_schema": lambda board: board.update(schemaVersion=41),
    "type_of_unit": lambda board: _defaults(board, "gauge").update(unit=7),
    "uid_of_source": lambda board: _panel(board, "gauge")["datasource"].update(uid="other"),
    "no_description": lambda board: _panel(board, "gauge").pop("description"),
    "no_unit": lambda board: _defaults(board, "gauge").pop("unit"),
}  # fmt: skip


def test_every_dashboard_is_of_grafanas_types(types: TypeChecker, checked: Counter[str]) -> None:
    boards = {**dashboards(), "shop": dashboards([shop()])["shop"]}
    assert types.errors(boards) == {name: [] for name in boards}
    checked["dashboards type-checked"] += len(boards)


def test_every_wrong_key_enum_and_type_is_found(types: TypeChecker, checked: Counter[str]) -> None:
    sound = dashboards([subjects()[0]])["machines"]
    broken = {}
    for name, change in WRONG.items():
        broken[name] = copy.deepcopy(sound)
        change(broken[name])
    found = types.errors(broken)
    assert [name for name, errors in found.items() if not errors] == []
    checked["broken dashboards refused"] += len(broken)
