"""How far event time has come, told beside the records to anomalies that want to know."""

from collections.abc import Sequence

import bytewax.operators as op

from dataflows.topology.context import Records
from operators.detectors.plan import plan_anomalies
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline


def ticking(pipeline: Pipeline) -> frozenset[str]:
    """Windows and orderings about which anomalies want to know how far event time has come."""
    plans = plan_anomalies(pipeline)
    return frozenset(plan.origin for plan in plans if plan.hears_silence or plan.peers)


def without_ticks(step_id: str, pipeline: Pipeline, ups: Sequence[Records]) -> list[Records]:
    """The records alone."""
    if not ticking(pipeline):
        return list(ups)
    return [op.filter(f"{step_id}_{number}", up, _is_record) for number, up in enumerate(ups)]


def _is_record(item: tuple[str, object]) -> bool:
    return isinstance(item[1], RecordBatch)
