"""Gauges: the worst value now, and the series that have it."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import bargauge, common, gauge
from grafana_foundation_sdk.models.common import BarGaugeDisplayMode, VizOrientation
from grafana_foundation_sdk.models.dashboard import Panel

from grafana.keys import DRAWN
from grafana.panels.frame import Frame, framed, newest, unit
from grafana.panels.links import key_links
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
    variables: Sequence[tuple[str, str]],
) -> Panel:
    """A bar for each of the worst series; a click on one chooses it.

    Args:
        frame: title, meaning, place.
        target: a table of keys and values.
        field: the field that is looked at.
        dashboard: uid of the dashboard that a click leads to.
        variables: each key column with its variable.
    """
    panel = framed(bargauge.Panel(), frame, [target])
    panel.unit(unit(field)).thresholds(steps(field.thresholds))
    panel.display_mode(BarGaugeDisplayMode.BASIC).orientation(VizOrientation.HORIZONTAL)
    panel.reduce_options(common.ReduceDataOptions().values(True).limit(DRAWN).calcs([]).fields(""))
    panel.data_links([key_links(dashboard, variables)])
    end = scale_end(field.thresholds)
    if end is not None:
        panel.min(0).max(end)
    return panel.build()
