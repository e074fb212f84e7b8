"""The part of the flow that puts events in event-time order, for what judges single events."""

from collections.abc import Mapping

from dataflows.topology.context import FlowContext, Records
from dataflows.topology.journal import Timed
from dataflows.topology.ticks import ticking
from operators.ordering.operator import order_events
from operators.ordering.plan import Ordering, merge_orderings


def order_sources(context: FlowContext, timed: Mapping[str, Timed]) -> list[Records]:
    """Events in order, with ticks; of a source that nothing wants in order, nothing.

    Args:
        context: that of the flow.
        timed: what moves the watermark of each source.
    """
    needed: list[Ordering | None] = [plan.ordering for plan in context.anomalies]
    needed += [plan.ordering for plan in context.alerts]
    place = (context.key_groups, context.saving, ticking(context))
    return [
        order_events(f"order_{name}", up, orderings, *place)
        for name, up in timed.items()
        if (orderings := merge_orderings(needed, name))
    ]
