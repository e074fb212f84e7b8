"""Anomalies on a stream of window records and events."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream

from operators.detectors.gather import PeerGroup, PeerSplitter
from operators.detectors.group import AnomalyGroup, Heard
from operators.detectors.plan import AnomalyPlan
from operators.keygroups.begun import Parts
from operators.keygroups.operator import GroupLogic, by_group
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from tidegauge.labels import Label
from tidegauge.records import RecordBatch


@operator
def detect(
    step_id: str,  # noqa: ARG001 - names the scope of the step inside
    up: KeyedStream[Heard],
    plans: Sequence[AnomalyPlan],
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
    labels: Sequence[Label] = (),
    ticks: frozenset[str] = frozenset(),
) -> KeyedStream[RecordBatch]:
    """Verdicts on everything that a detector could judge, anomalous or not.

    Args:
        step_id: unique name of the step.
        up: window records, and events in event-time order, by key group, with ticks among them
            where silence is judged, and labels in every group; what no anomaly reads is passed
            over.
        plans: the pipeline's anomalies (`plan_anomalies`).
        clock_ns: wall clock, for the processing time in the verdicts.
        saving: what becomes of snapshots.
        labels: those that are known before anything is judged.
        ticks: anomalies about which it is told how far event time has come.

    Returns:
        record batches named as the anomalies, with the columns `ANOMALOUS`, `REPEATED` and `TOLD`
        beside those of the signal.
    """
    kept = Parts("anomaly", ("anomalies",), saving.begun)
    make = partial(AnomalyGroup, plans, clock_ns, labels=labels, ticks=ticks)
    return by_group("judge", up, make, kept)


@operator
def gather(
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: KeyedStream[RecordBatch],
    plan: AnomalyPlan,
    key_groups: int,
) -> KeyedStream[RecordBatch]:
    """Results of a window, all members of a group in one batch, for anomalies among peers.

    Args:
        step_id: unique name of the step.
        up: window records by key group, with ticks behind them.
        plan: an anomaly among peers.
        key_groups: number of key groups.

    Returns:
        first results named as the plan reads them, by the key group of what a group shares, when
        those of the same time have come from everywhere.
    """
    split = PeerSplitter(plan.origin, plan.reads, plan.anomaly.group, key_groups)

    def build(saved: dict[str, Any] | None) -> GroupLogic[Any]:
        return GroupLogic(PeerGroup(plan.by, key_groups, saved, plan.reads))

    return op.stateful_batch("complete", op.flat_map_batch("split", up, split), build)
