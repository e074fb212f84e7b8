"""Single numbers."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    DataTransformerConfig,
    Panel,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMappingResult,
)

from grafana.panels.frame import Frame, framed, newest
from grafana.targets import Target
from grafana.thresholds import steps

NONE_YET = "none yet"
UNKNOWN = "unknown"
"""Instead of a count where the flow was not there to count: 0 would say that all is well."""


def number(
    frame: Frame,
    target: Target,
    unit: str,
    *,
    thresholds: Mapping[str, float] | None = None,
    none: str = NONE_YET,
    total: str = "",
) -> Panel:
    """The newest value of a query.

    Args:
        frame: title, meaning, place.
        target: a query of one series, or of several if there is a `total`.
        unit: unit of the value.
        thresholds: what colours it.
        none: what is shown when there is no value.
        total: name of the sum of all series. InfluxDB does not add up different measurements.
    """
    panel = framed(stat.Panel(), frame, [target]).unit(unit).reduce_options(newest())
    panel.graph_mode(BigValueGraphMode.NONE).thresholds(steps(thresholds or {}))
    panel.color_mode(BigValueColorMode.BACKGROUND if thresholds else BigValueColorMode.VALUE)
    panel.mappings([_missing(none)]).no_value(none)
    if total:
        panel.transformations(_added_up(total))
    return panel.build()


def _added_up(total: str) -> list[DataTransformerConfig]:
    """Series beside each other, then the sum of each row in their place."""
    added = {
        "mode": "reduceRow",
        "reduce": {"reducer": "sum"},
        "replaceFields": True,
        "alias": total,
    }
    return [
        DataTransformerConfig(id_val="joinByField", options={"mode": "outer"}),
        DataTransformerConfig(id_val="calculateField", options=added),
    ]


def _missing(told: str) -> SpecialValueMap:
    """No value has no colour of a threshold either: green would be one."""
    match, result = SpecialValueMatch.NULL_AND_NAN, ValueMappingResult(text=told, color="text")
    return SpecialValueMap(DashboardSpecialValueMapOptions(match=match, result=result))
