"""Heat map: where the values of all series lie over time."""

from grafana_foundation_sdk.builders import common, heatmap
from grafana_foundation_sdk.models.common import TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import Panel
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from grafana.panels.frame import Frame, framed
from grafana.targets import Target

COLUMNS = 60
"""Most columns: each holds a value of every key."""


def density(frame: Frame, target: Target, unit: str) -> Panel:
    """How many values lie where; as readable with a thousand series as with ten."""
    panel = framed(heatmap.Panel(), frame, [target])
    panel.unit(unit).calculate(True).calculation(common.HeatmapCalculationOptions())
    panel.y_axis(heatmap.YAxisConfig().unit(unit))
    color = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    # Grafana's own, where the SDK has 0 and no colour: for whoever chooses opacity in a copy.
    panel.color(color.exponent(0.5).fill("dark-orange"))
    panel.tooltip(heatmap.HeatmapTooltip().mode(TooltipDisplayMode.SINGLE).y_histogram(True))
    return panel.build()
