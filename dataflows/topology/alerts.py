"""The part of the flow that raises alerts: by rules, and by a level that an event brings along."""

from collections.abc import Mapping, Sequence

import bytewax.operators as op
from bytewax.dataflow import Stream

from dataflows.topology.context import FlowContext, Records
from operators.alerts.operator import alert, event_levels
from tidegauge.batch import EventBatch
from tidegauge.catalogue import ALERTS, catalogue_of, keys_beside_alerts


def raise_alerts(
    context: FlowContext, judged: Sequence[Records], batches: Mapping[str, Stream[EventBatch]]
) -> list[Records]:
    """Alerts.

    Args:
        context: that of the flow.
        judged: all that rules may speak of.
        batches: events of each source.
    """
    pipeline, clock_ns = context.pipeline, context.clock_ns
    signal = catalogue_of(pipeline)[ALERTS]
    beside = keys_beside_alerts(pipeline)
    return _by_rules(context, judged) + [
        event_levels(f"event_levels_{name}", up, pipeline.pipeline, signal, clock_ns, beside)
        for name, up in batches.items()
    ]


def _by_rules(context: FlowContext, judged: Sequence[Records]) -> list[Records]:
    plans = context.alerts
    if not plans or not judged:
        return []
    up = op.merge("to_alert", *judged)
    return [alert("alert", up, plans, context.clock_ns, context.saving)]
