"""The part of the flow that judges: peers, labels, verdicts, and the anomalies among them."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import bytewax.operators as op
import polars as pl
from bytewax.operators import KeyedStream

from dataflows.topology.context import FlowContext, Records
from dataflows.topology.inputs import Inputs
from dataflows.topology.journal import new_labels
from operators.detectors.group import Heard
from operators.detectors.operator import detect, gather
from operators.detectors.verdicts import ANOMALOUS, REPEATED
from tidegauge.records import RecordBatch


def judge(context: FlowContext, ups: Sequence[Records], inputs: Inputs) -> list[Records]:
    """Verdicts on windows and events; nothing where no anomaly is looked for.

    Args:
        context: that of the flow.
        ups: window records and events in event-time order, with ticks.
        inputs: what the flow reads, labels among it.
    """
    plans, groups, news = context.anomalies, context.key_groups, inputs.news
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
    followed = {alert.reads for alert in context.alerts if not alert.moment}
    ticks = frozenset(plan.name for plan in plans if plan.name in followed)
    place = (plans, context.clock_ns, context.saving, inputs.labels, ticks)
    return [detect("detect", cast(KeyedStream[Heard], everything), *place)]


def only_anomalous(verdicts: Sequence[Records]) -> list[Records]:
    """Of verdicts the anomalies, each once."""
    return [op.flat_map_batch("anomalies", up, _anomalous) for up in verdicts]


def _anomalous(items: list[tuple[str, Any]]) -> Iterable[tuple[str, RecordBatch]]:
    for key, verdicts in items:
        if not isinstance(verdicts, RecordBatch):
            continue
        found = verdicts.frame.filter(pl.col(ANOMALOUS) & ~pl.col(REPEATED))
        if found.height:
            yield key, RecordBatch(verdicts.signal, found)
