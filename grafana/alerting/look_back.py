"""How far back a rule looks for the last state of an alert.

The flow writes a firing alert again at each evaluation of its series: at each window end, or at
each event. So the last state is at most one window slide old, and a look-back of more than that
sees it without a gap. Twice the slide and an hour leave room for a flow that catches up. A key
of a cumulative window has a result where it changes, and at the period's end at the latest.

An alert whose series is gone ends in the flow, as stale: until then a rule must see what it said
last, so it looks back for as long, and for another half hour in which the flow tells it. Only when
the whole stream stops, and no event time passes, it is the look-back that ends an alert.

Where the file lets more time pass until an event is known, both allowances are longer by that.
"""

from grafana.alerting.late import longest_wait
from tidegauge.durations import UNITS_NS
from tidegauge.expressions.conditions import read_condition
from tidegauge.spec.models import Alert, Pipeline
from tidegauge.staleness import evaluated_every_ns, stale_after_ns

MARGIN_NS = UNITS_NS["h"]
TOLD_NS = UNITS_NS["h"] // 2
"""Allowance for the flow to tell that an alert is stale: idle partitions, a flow that lags."""


def rewritten_ns(pipeline: Pipeline, alert: Alert) -> int:
    """Time between two records of a firing alert; 0 where each event brings one.

    Of windows that end when the events want it, what is taken for the longest.

    Raises:
        ExpressionError: the condition is wrong; not in a checked file.
    """
    return evaluated_every_ns(pipeline, read_condition(alert.when, pipeline))


def look_back_ns(pipeline: Pipeline, alert: Alert) -> int:
    """How far back the last state of an alert is looked for."""
    wait_ns = longest_wait(pipeline).total_ns
    longer_ns = wait_ns if wait_ns > TOLD_NS else 0
    rewritten = MARGIN_NS + 2 * rewritten_ns(pipeline, alert)
    return longer_ns + max(rewritten, stale_after_ns(pipeline, alert) + TOLD_NS)


def longest(pipeline: Pipeline) -> int:
    """The longest of all alerts."""
    found = (look_back_ns(pipeline, alert) for alert in pipeline.alerts.values())
    return max(found, default=MARGIN_NS)
