"""How far back a rule looks for the last state of an alert.

The flow writes a firing alert again at each evaluation of its series: at each window end, or at
each event. So the last state is at most one window slide old, and a look-back of more than that
sees it without a gap. Twice the slide and an hour leave room for a flow that catches up. A key
of a cumulative window has a result where it changes, and at the period's end at the latest.
Sessions and counts of events end when the events want it: their alerts are looked for over two days
and an hour, and one whose key is silent for longer is no longer told.
"""

from grafana.subject import UNKNOWN_STEP_NS
from tidegauge.cadence import longest_step_ns
from tidegauge.durations import UNITS_NS
from tidegauge.expressions.conditions import read_condition
from tidegauge.forecasts import all_forecasts, grid_of
from tidegauge.spec.models import Alert, Pipeline

MARGIN_NS = UNITS_NS["h"]


def rewritten_ns(pipeline: Pipeline, alert: Alert) -> int:
    """Time between two records of a firing alert; 0 where each event brings one.

    Of windows that end when the events want it, what is taken for the longest.

    Raises:
        ExpressionError: the condition is wrong; not in a checked file.
    """
    when = read_condition(alert.when, pipeline)
    target = when.target
    if when.kind == "forecast":
        forecast = all_forecasts(pipeline)[target]
        grid = grid_of(forecast, pipeline.windows[forecast.on.partition(".")[0]])
        return grid.every * grid.cell_ns
    if when.kind == "prediction":
        target = pipeline.predictions[target].on
    if when.kind == "anomaly":
        target = pipeline.anomalies[target].target
    if target not in pipeline.windows:
        return 0
    step_ns = longest_step_ns(pipeline, target)
    return UNKNOWN_STEP_NS if step_ns is None else step_ns


def look_back_ns(pipeline: Pipeline, alert: Alert) -> int:
    """How far back the last state of an alert is looked for."""
    return MARGIN_NS + 2 * rewritten_ns(pipeline, alert)


def longest(pipeline: Pipeline) -> int:
    """The longest of all alerts."""
    found = (look_back_ns(pipeline, alert) for alert in pipeline.alerts.values())
    return max(found, default=MARGIN_NS)
