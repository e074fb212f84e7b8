"""Single numbers."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import stat
from grafana_foundation_sdk.models.common import BigValueColorMode, BigValueGraphMode
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.panels.frame import Frame, framed, newest
from grafana.targets import Target
from grafana.thresholds import steps


def number(
    frame: Frame,
    target: Target,
    unit: str,
    *,
    thresholds: Mapping[str, float] | None = None,
    none: str = "",
) -> Panel:
    """The newest value of a query.

    Args:
        frame: title, meaning, place.
        target: a query of one series.
        unit: unit of the value.
        thresholds: what colours it.
        none: what is shown when there is no value.
    """
    panel = framed(stat.Panel(), frame, [target]).unit(unit).reduce_options(newest())
    panel.graph_mode(BigValueGraphMode.NONE).thresholds(steps(thresholds or {}))
    panel.color_mode(BigValueColorMode.BACKGROUND if thresholds else BigValueColorMode.VALUE)
    if none:
        panel.no_value(none)
    return panel.build()
