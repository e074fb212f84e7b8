"""Anomalies on a stream of window records and events."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream

from operators.detectors.group import AnomalyGroup
from operators.detectors.plan import AnomalyPlan
from operators.keygroups.begun import Parts
from operators.keygroups.operator import GroupLogic
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from tidegauge.records import RecordBatch


@operator
def detect(
    step_id: str,  # noqa: ARG001 - names the scope of the step inside
    up: KeyedStream[RecordBatch],
    plans: Sequence[AnomalyPlan],
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
) -> KeyedStream[RecordBatch]:
    """Verdicts on everything that a detector could judge, anomalous or not.

    Args:
        step_id: unique name of the step.
        up: window records, and events in event-time order, by key group; what no anomaly reads is
            passed over.
        plans: the pipeline's anomalies (`plan_anomalies`).
        clock_ns: wall clock, for the processing time in the verdicts.
        saving: what becomes of snapshots.

    Returns:
        record batches named as the anomalies, with the column `ANOMALOUS` beside the signal's.
    """
    kept = Parts("anomaly", ("anomalies",), saving.begun)

    def build(saved: dict[str, Any] | None) -> GroupLogic[Any]:
        return GroupLogic(AnomalyGroup(plans, clock_ns, kept.restored(saved)), kept)

    return op.stateful_batch("judge", up, build)
