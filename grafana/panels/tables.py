"""Tables: a row a record, named columns, the unit of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, Panel

from grafana.panels.frame import Frame, framed
from grafana.panels.states import ALERT_COLORS, mapping
from grafana.targets import Target


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a table.

    Attributes:
        column: its name in the query's result.
        title: what is written over it.
        unit: its unit; empty for texts.
        width: in pixels; None for what is left.
    """

    column: str
    title: str
    unit: str = ""
    width: int | None = None


@dataclass(frozen=True, slots=True)
class KeyLinks:
    """Cells of key columns that lead to a dashboard of their key alone.

    Attributes:
        dashboard: uid of the dashboard.
        variables: variable of each key column.
    """

    dashboard: str
    variables: Sequence[tuple[str, str]]


def rows(
    frame: Frame,
    target: Target,
    columns: Sequence[Shown],
    *,
    hidden: Sequence[str] = (),
    links: KeyLinks | None = None,
    highest: str = "",
) -> Panel:
    """A table of a query's columns.

    Args:
        frame: title, meaning, place.
        target: a query in the format of a table.
        columns: what is shown, in order.
        hidden: columns of the result that are not.
        links: where key columns lead.
        highest: tag of numbers; the row with the highest comes first.
    """
    panel = framed(table.Panel(), frame, [target]).unit("short").filterable(True)
    if highest:
        panel.with_transformation(_number(highest))
        title = next(shown.title for shown in columns if shown.column == highest)
        panel.sort_by([common.TableSortByFieldState().display_name(title).desc(True)])
    panel.with_transformation(_organized(columns, hidden))
    for shown in columns:
        if properties := _properties(shown, links):
            panel.override_by_name(shown.title, properties)
    return panel.build()


def _organized(columns: Sequence[Shown], hidden: Sequence[str]) -> DataTransformerConfig:
    options = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {shown.column: place for place, shown in enumerate(columns)},
        "renameByName": {shown.column: shown.title for shown in columns},
    }
    return DataTransformerConfig(id_val="organize", options=options)


def _number(tag: str) -> DataTransformerConfig:
    """Tags are texts, and as a text 9 comes after 10."""
    conversion = {"targetField": tag, "destinationType": "number"}
    options = {"conversions": [conversion], "fields": {}}
    return DataTransformerConfig(id_val="convertFieldType", options=options)


def _properties(shown: Shown, links: KeyLinks | None) -> list[DynamicConfigValue]:
    found = []
    if shown.unit:
        found.append(DynamicConfigValue("unit", shown.unit))
    if shown.width is not None:
        found.append(DynamicConfigValue("custom.width", shown.width))
    if shown.column == "state":
        found.append(DynamicConfigValue("mappings", [mapping(ALERT_COLORS)]))
        found.append(DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
    for key, variable in links.variables if links else ():
        if key == shown.column and links:
            url = f"/d/{links.dashboard}?${{__url_time_range}}&var-{variable}=${{__value.raw}}"
            found.append(DynamicConfigValue("links", [{"title": "Only this", "url": url}]))
    return found
