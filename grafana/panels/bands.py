"""Time series with what is expected of them, and the band it lies in."""

from grafana_foundation_sdk.builders import timeseries
from grafana_foundation_sdk.models.common import GraphDrawStyle, VisibilityMode
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, Panel

from grafana.panels.frame import Frame, framed, legend, tooltip
from grafana.panels.lines import GAP_STEPS
from grafana.targets import Target

_DASHED = DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 6]})
_DOTTED = DynamicConfigValue("custom.lineStyle", {"fill": "dot", "dash": [0, 6]})
_HIDDEN = {"legend": True, "tooltip": False, "viz": False}


def band(
    frame: Frame,
    measured: Target,
    expected: Target,
    ends: tuple[Target, Target],
    unit: str,
    filled: str | None,
) -> Panel:
    """What was measured, what is expected, and the ends of the band.

    Args:
        frame: title, meaning, place.
        measured: query of what was measured.
        expected: query of what is expected.
        ends: queries of the lower and the upper end.
        unit: unit of all values.
        filled: name of the one series of the lower end, up to which the band is filled; None where
            there are several series, whose bands would hide one another.
    """
    lower, upper = ends
    panel = framed(timeseries.Panel(), frame, [measured, expected, lower, upper])
    panel.unit(unit).legend(legend()).tooltip(tooltip())
    panel.draw_style(GraphDrawStyle.LINE).line_width(1).fill_opacity(0)
    panel.show_points(VisibilityMode.AUTO).span_nulls(GAP_STEPS * frame.step_ns // 1_000_000)
    # Forecasts are farther apart than results: their lines have no gaps.
    whole = DynamicConfigValue("custom.spanNulls", True)
    quiet = [whole, _DOTTED, DynamicConfigValue("custom.hideFrom", _HIDDEN)]
    panel.override_by_query(expected.query.ref_id, [whole, _DASHED])
    panel.override_by_query(lower.query.ref_id, quiet)
    fill = [
        DynamicConfigValue("custom.fillBelowTo", filled),
        DynamicConfigValue("custom.fillOpacity", 12),
    ]
    panel.override_by_query(upper.query.ref_id, quiet + (fill if filled else []))
    return panel.build()
