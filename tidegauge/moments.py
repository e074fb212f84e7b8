"""Alerts about what happens at a moment: nothing ends them, so they count as active for a time."""

from tidegauge.catalogue import EVENT_LEVEL
from tidegauge.durations import UNITS_NS
from tidegauge.expressions.conditions import read_condition
from tidegauge.spec.models import Pipeline

HOLD_NS = 5 * UNITS_NS["m"]
"""So long an alert of a moment is active, from when the flow told it; as in Grafana's rules."""


def moments_of(pipeline: Pipeline) -> frozenset[str]:
    """Names of the alerts on matches and timeouts of patterns, and of events that say their level.

    Raises:
        ExpressionError: a condition is wrong; not in a checked file.
    """
    kinds = {
        name: read_condition(alert.when, pipeline).kind for name, alert in pipeline.alerts.items()
    }
    return frozenset(
        {EVENT_LEVEL, *(name for name, kind in kinds.items() if kind in ("match", "timeout"))}
    )
