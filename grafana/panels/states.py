"""State timelines: which state each series was in."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import statetimeline
from grafana_foundation_sdk.models.common import VisibilityMode
from grafana_foundation_sdk.models.dashboard import Panel, ValueMap, ValueMappingResult

from grafana.panels.frame import Frame, framed, legend, tooltip
from grafana.targets import Target

ALERT_COLORS = {
    "firing": "red",
    "pending": "orange",
    "resolved": "green",
    "inactive": "green",
    "stale": "blue",
}
PAGE = 20
"""Series on a page."""


def mapping(colors: Mapping[str, str]) -> ValueMap:
    """A colour for each state."""
    return ValueMap(
        {
            state: ValueMappingResult(text=state, color=color, index=index)
            for index, (state, color) in enumerate(colors.items())
        }
    )


def timeline(frame: Frame, target: Target, unit: str, colors: Mapping[str, str]) -> Panel:
    """A bar a series, in the colours of its states."""
    panel = framed(statetimeline.Panel(), frame, [target]).unit(unit)
    panel.merge_values(True).show_value(VisibilityMode.AUTO).per_page(PAGE)
    panel.legend(legend()).tooltip(tooltip())
    if colors:
        panel.mappings([mapping(colors)])
    return panel.build()
