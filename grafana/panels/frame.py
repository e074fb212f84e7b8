"""What all panels have: title, meaning, place, queries, how many points and how close together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    gauge,
    heatmap,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

from grafana.durations import duration
from grafana.keys import is_display_name
from grafana.subject import NUMBERS
from grafana.targets import InfluxQuery, Target, data_source
from tidegauge.signals import Column

P = TypeVar(
    "P",
    timeseries.Panel,
    gauge.Panel,
    bargauge.Panel,
    heatmap.Panel,
    statetimeline.Panel,
    table.Panel,
    stat.Panel,
)
NO_UNIT = "short"
"""Unit of a number that the signal gives none."""
AS_IT_IS = "string"
"""Unit of a text: what looks like a number in it stays as it is written."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How a panel stands in its dashboard.

    Attributes:
        title: what it shows, in few words.
        description: what that means.
        width: of 24.
        height: in units of 30 pixels.
        points: most points of a series.
        step_ns: least distance of two points.
        look_back_ns: time before now that its queries look at, whatever the dashboard shows; None
            for the dashboard's range.
    """

    title: str
    description: str
    width: int
    height: int
    points: int
    step_ns: int
    look_back_ns: int | None = None


def framed(panel: P, frame: Frame, targets: Sequence[Target]) -> P:
    """Give a panel its frame and its queries."""
    panel.title(frame.title).description(frame.description).datasource(data_source())
    panel.span(frame.width).height(frame.height)
    panel.max_data_points(frame.points).interval(duration(frame.step_ns))
    if frame.look_back_ns is not None:
        # It says so in its title. Grafana minds it in relative ranges only: the queries do it.
        panel.time_from(duration(frame.look_back_ns))
    for target in targets:
        panel.with_target(_named(panel, target))
    return panel


def _named(panel: P, target: Target) -> Target:
    """A target whose series are named by the panel, where an alias cannot do it."""
    query = target.query
    if not is_display_name(query.alias):
        return target
    panel.override_by_query(query.ref_id, [DynamicConfigValue("displayName", query.alias)])
    return Target(InfluxQuery(query.ref_id, query.query, query.result_format))


def unit(column: Column) -> str:
    """Unit of a field's panels: the signal's."""
    return column.unit or (NO_UNIT if column.type in NUMBERS else AS_IT_IS)


def newest() -> common.ReduceDataOptions:
    """The newest value of each series."""
    return common.ReduceDataOptions().values(False).calcs(["lastNotNull"]).fields("")


def legend(*calculations: str) -> common.VizLegendOptions:
    """A legend below: a list, or a table with calculations over each series."""
    mode = LegendDisplayMode.TABLE if calculations else LegendDisplayMode.LIST
    made = common.VizLegendOptions().display_mode(mode).placement(LegendPlacement.BOTTOM)
    return made.show_legend(True).calcs(list(calculations))


def tooltip() -> common.VizTooltipOptions:
    """All series at the pointer, the highest first."""
    return common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
