"""How far event time has come, told beside the records to whoever wants to know."""

from collections.abc import Iterator, Sequence

import bytewax.operators as op

from dataflows.topology.context import FlowContext, Records
from tidegauge.records import RecordBatch


def ticking(context: FlowContext) -> frozenset[str]:
    """Windows and orderings about which somebody wants to know how far event time has come.

    Anomalies do, that judge silence or peers, and alerts that last: their series may be gone.
    """
    return frozenset(_ticking(context))


def _ticking(context: FlowContext) -> Iterator[str]:
    for anomaly in context.anomalies:
        if anomaly.hears_silence or anomaly.peers:
            yield anomaly.origin
    for alert in context.alerts:
        if not alert.moment:
            yield alert.origin


def without_ticks(step_id: str, context: FlowContext, ups: Sequence[Records]) -> list[Records]:
    """The records alone."""
    if not ticking(context):
        return list(ups)
    return [op.filter(f"{step_id}_{number}", up, _is_record) for number, up in enumerate(ups)]


def _is_record(item: tuple[str, object]) -> bool:
    return isinstance(item[1], RecordBatch)
