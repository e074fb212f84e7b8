"""The part of the flow that judges: who wants to know how time passes, peers, labels, verdicts."""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Stream
from bytewax.operators import KeyedStream

from dataflows.topology.journal import new_labels
from operators.detectors.group import Heard
from operators.detectors.operator import detect, gather
from operators.detectors.plan import plan_anomalies
from operators.detectors.verdicts import ANOMALOUS, REPEATED
from operators.keygroups.shelf import Saving
from tidegauge.journal import News
from tidegauge.labels import Label
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

Records = KeyedStream[RecordBatch]


def ticking(pipeline: Pipeline) -> frozenset[str]:
    """Windows and orderings about which anomalies want to know how far event time has come."""
    plans = plan_anomalies(pipeline)
    return frozenset(plan.origin for plan in plans if plan.hears_silence or plan.peers)


def without_ticks(step_id: str, ups: Sequence[Records], ticks: frozenset[str]) -> list[Records]:
    """The records alone."""
    if not ticks:
        return list(ups)
    return [op.filter(f"{step_id}_{number}", up, _is_record) for number, up in enumerate(ups)]


def judge(
    pipeline: Pipeline,
    ups: Sequence[Records],
    clock_ns: Callable[[], int],
    saving: Saving,
    news: Stream[News] | None = None,
    labels: Sequence[Label] = (),
) -> list[Records]:
    """Verdicts on windows and events; nothing where no anomaly is looked for.

    Args:
        pipeline: the pipeline.
        ups: window records and events in event-time order, with ticks.
        clock_ns: wall clock, for the processing time in the verdicts.
        saving: what becomes of snapshots.
        news: what comes from the journal, labels among it.
        labels: those that were in the journal at the start.
    """
    plans, groups = plan_anomalies(pipeline), pipeline.state.key_groups
    if not plans:
        return []
    heard = op.merge("to_detect", *ups)
    peers = {plan.reads: plan for plan in plans if plan.peers}
    gathered = [
        gather(f"gather_{number}", heard, plan, groups)
        for number, (_, plan) in enumerate(sorted(peers.items()))
    ]
    said = [new_labels(news, groups)] if news is not None else []
    everything = op.merge("to_judge", heard, *gathered, *said) if gathered or said else heard
    return [detect("detect", cast(KeyedStream[Heard], everything), plans, clock_ns, saving, labels)]


def only_anomalous(items: list[tuple[str, RecordBatch]]) -> Iterable[tuple[str, RecordBatch]]:
    """Of verdicts the anomalies, each once."""
    for key, verdicts in items:
        found = verdicts.frame.filter(pl.col(ANOMALOUS) & ~pl.col(REPEATED))
        if found.height:
            yield key, RecordBatch(verdicts.signal, found)


def _is_record(item: tuple[str, object]) -> bool:
    return isinstance(item[1], RecordBatch)
