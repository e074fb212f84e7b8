"""Time series: lines, with anomalies as points on them."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common, timeseries
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    StackingMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, Panel

from grafana.panels.frame import Frame, framed, legend, tooltip
from grafana.targets import Target
from grafana.thresholds import CRITICAL, steps

GAP_STEPS = 3
"""A line goes on over so many steps without a value: a key need not occur in every window."""
_MARKS = (
    DynamicConfigValue("custom.drawStyle", "points"),
    DynamicConfigValue("custom.pointSize", 9),
    DynamicConfigValue("custom.showPoints", "always"),
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": CRITICAL}),
)


def lines(
    frame: Frame,
    targets: Sequence[Target],
    unit: str,
    *,
    thresholds: Mapping[str, float] | None = None,
    marks: Sequence[Target] = (),
) -> Panel:
    """Lines over time.

    Args:
        frame: title, meaning, place.
        targets: queries of the lines.
        unit: unit of all values.
        thresholds: drawn as dashed lines.
        marks: queries of the points that are marked.
    """
    panel = framed(timeseries.Panel(), frame, [*targets, *marks])
    panel.unit(unit).legend(legend("lastNotNull", "max")).tooltip(tooltip())
    panel.draw_style(GraphDrawStyle.LINE).line_width(1).fill_opacity(5)
    panel.show_points(VisibilityMode.AUTO).span_nulls(GAP_STEPS * frame.step_ns // 1_000_000)
    if thresholds:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel.thresholds(steps(thresholds)).thresholds_style(style)
    for mark in marks:
        panel.override_by_query(mark.query.ref_id, list(_MARKS))
    return panel.build()


def bars(frame: Frame, targets: Sequence[Target], unit: str) -> Panel:
    """Stacked bars over time."""
    panel = framed(timeseries.Panel(), frame, targets)
    panel.unit(unit).legend(legend("sum")).tooltip(tooltip())
    panel.draw_style(GraphDrawStyle.BARS).fill_opacity(60).line_width(0)
    panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    return panel.build()
