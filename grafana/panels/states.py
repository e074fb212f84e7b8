"""State timelines: which state each series was in."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import statetimeline
from grafana_foundation_sdk.models.common import VisibilityMode
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    ValueMap,
    ValueMappingResult,
)

from grafana.panels.frame import Frame, framed, legend, tooltip
from grafana.panels.lines import GAP_STEPS
from grafana.queries.alerts import STATES
from grafana.targets import Target
from grafana.thresholds import GOOD

ALERT_COLORS = {
    "firing": "red",
    "pending": "orange",
    "resolved": "green",
    "inactive": "green",
    "stale": "blue",
}
PAGE = 20
"""Series on a page."""
STEPS = 120
"""Steps of the states of alerts: each is wide enough to be seen."""


def mapping(colors: Mapping[str, str]) -> ValueMap:
    """A colour for each state."""
    return ValueMap(
        {
            state: ValueMappingResult(text=state, color=color, index=index)
            for index, (state, color) in enumerate(colors.items())
        }
    )


def timeline(frame: Frame, target: Target, unit: str) -> Panel:
    """A bar a series, in the colours of its states; a gap of a few steps is none."""
    spanned = DynamicConfigValue("custom.spanNulls", GAP_STEPS * frame.step_ns // 1_000_000)
    panel = _timeline(frame, target).unit(unit)
    return panel.override_by_query(target.query.ref_id, [spanned]).build()


def alert_timeline(frame: Frame, lasting: Target, moments: Target, hold_ns: int) -> Panel:
    """A bar an alert, in the colours of its states.

    Args:
        frame: title, meaning, place.
        lasting: states of alerts that go on until they change, as their numbers.
        moments: of alerts that nothing resolves, when they fired.
        hold_ns: how long such a one is shown.
    """
    panel = _timeline(frame, lasting, moments).unit("none")
    # A colour by thresholds would have Grafana tell the states apart by these, not by the texts.
    panel.color_scheme(builders.FieldColor().mode(FieldColorModeId.FIXED).fixed_color("text"))
    panel.mappings([_numbered()])
    ended = DynamicConfigValue("custom.insertNulls", hold_ns // 1_000_000)
    return panel.override_by_query(moments.query.ref_id, [ended]).build()


def _timeline(frame: Frame, *targets: Target) -> statetimeline.Panel:
    panel = framed(statetimeline.Panel(), frame, targets)
    panel.merge_values(True).show_value(VisibilityMode.AUTO).per_page(PAGE)
    return panel.legend(legend()).tooltip(tooltip())


def _numbered() -> ValueMap:
    """Text and colour of each state's number."""
    return ValueMap(
        {
            str(number): ValueMappingResult(
                text=state, color=ALERT_COLORS.get(state, GOOD), index=number
            )
            for number, state in enumerate(STATES)
        }
    )
