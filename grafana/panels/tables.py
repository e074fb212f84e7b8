"""Tables: a row a record, named columns, the unit of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue, Panel

from grafana.panels.frame import Frame, framed
from grafana.panels.links import TITLE, cell_url
from grafana.panels.states import ALERT_COLORS, mapping
from grafana.targets import Target

MISSING = "-"
"""What a cell without a value says."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a table.

    Attributes:
        column: its name in the query's result.
        title: what is written over it.
        unit: its unit; without one it is shown as it is, digit for digit.
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


@dataclass(frozen=True, slots=True)
class Grouped:
    """Rows that become one row for each value of a column.

    InfluxDB could add them up, but would say of no time at all when that is: of 1970.

    Attributes:
        by: the column.
        calculations: what becomes of each other column; one without is left out.
    """

    by: str
    calculations: Mapping[str, str]


def rows(
    frame: Frame,
    target: Target,
    columns: Sequence[Shown],
    *,
    hidden: Sequence[str] = (),
    links: KeyLinks | None = None,
    highest: str = "",
    grouped: Grouped | None = None,
) -> Panel:
    """A table of a query's columns.

    Args:
        frame: title, meaning, place.
        target: a query in the format of a table.
        columns: what is shown, in order.
        hidden: columns of the result that are not.
        links: where key columns lead.
        highest: tag of numbers; the row with the highest comes first.
        grouped: which rows become one.
    """
    # A unit of the whole table would be one of the keys, too: the text 1004 as 1.00 K.
    panel = framed(table.Panel(), frame, [target]).filterable(True).no_value(MISSING)
    if highest:
        panel.with_transformation(_number(highest))
        title = next(shown.title for shown in columns if shown.column == highest)
        panel.sort_by([common.TableSortByFieldState().display_name(title).desc(True)])
    if grouped:
        panel.with_transformation(_grouped(grouped))
    panel.with_transformation(_organized(columns, hidden, grouped))
    for shown in columns:
        if properties := _properties(shown, links):
            panel.override_by_name(shown.title, properties)
    return panel.build()


def _organized(
    columns: Sequence[Shown], hidden: Sequence[str], grouped: Grouped | None
) -> DataTransformerConfig:
    made = grouped.calculations if grouped else {}
    # Grafana calls what it calculated by both names.
    names = [
        f"{shown.column} ({made[shown.column]})" if shown.column in made else shown.column
        for shown in columns
    ]
    options = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {name: place for place, name in enumerate(names)},
        "renameByName": {name: shown.title for name, shown in zip(names, columns, strict=True)},
    }
    return DataTransformerConfig(id_val="organize", options=options)


def _grouped(grouped: Grouped) -> DataTransformerConfig:
    fields: dict[str, object] = {grouped.by: {"operation": "groupby", "aggregations": []}}
    for column, calculation in grouped.calculations.items():
        fields[column] = {"operation": "aggregate", "aggregations": [calculation]}
    return DataTransformerConfig(id_val="groupBy", options={"fields": fields})


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
            link = {"title": TITLE, "url": cell_url(links.dashboard, variable)}
            found.append(DynamicConfigValue("links", [link]))
    return found
