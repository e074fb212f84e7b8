"""Gauges: the worst value now, and the series that have it."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, common, gauge
from grafana_foundation_sdk.models.common import BarGaugeDisplayMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue, MatcherConfig, Panel

from grafana.keys import DRAWN
from grafana.panels.frame import AS_IT_IS, Frame, framed, newest, unit
from grafana.panels.links import row_link
from grafana.targets import Target
from grafana.thresholds import scale_end, steps
from tidegauge.signals import Column


def worst(frame: Frame, target: Target, field: Column) -> Panel:
    """A dial with the worst of the newest values."""
    panel = framed(gauge.Panel(), frame, [target])
    panel.unit(unit(field)).thresholds(steps(field.thresholds)).reduce_options(newest())
    end = scale_end(field.thresholds)
    if end is not None:
        panel.min(0).max(end)
    return panel.build()


def worst_keys(
    frame: Frame,
    target: Target,
    field: Column,
    dashboard: str,
    variables: Sequence[tuple[int, str]],
) -> Panel:
    """A bar for each of the worst series; a click on one chooses it.

    Args:
        frame: title, meaning, place.
        target: a table of times, values and keys.
        field: the field that is looked at.
        dashboard: uid of the dashboard that a click leads to.
        variables: place of each key column in the table, and its variable.
    """
    panel = framed(bargauge.Panel(), frame, [target])
    panel.unit(unit(field)).thresholds(steps(field.thresholds))
    panel.display_mode(BarGaugeDisplayMode.BASIC).orientation(VizOrientation.HORIZONTAL)
    panel.reduce_options(common.ReduceDataOptions().values(True).limit(DRAWN).calcs([]).fields(""))
    panel.data_links([row_link(dashboard, variables)])
    # A bar is named by the texts of its row, which would have the unit of the value.
    texts = MatcherConfig(id_val="byType", options="string")
    panel.with_override(texts, [DynamicConfigValue("unit", AS_IT_IS)])
    end = scale_end(field.thresholds)
    if end is not None:
        panel.min(0).max(end)
    return panel.build()
