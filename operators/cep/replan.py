"""Which patterns a running flow can take, and what they make of its steps."""

import json
from collections.abc import Iterator
from dataclasses import replace

from operators.cep.plan import PatternStep, plan_patterns
from tidegauge.catalogue import Catalogue, catalogue_of, timeouts_of
from tidegauge.errors import UserMistake
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.changes import PatternChange, patterns_digest, with_patterns
from tidegauge.patterns.checks import PatternError
from tidegauge.spec.models import Pipeline


def obstacles(old: Pipeline, new: Pipeline) -> Iterator[str]:
    """Why a flow of one pipeline cannot take the patterns of another while it runs; none if it can.

    What is stored and shown of a pattern stays as it is: its name, sources, keys, order, timeouts
    and measures' types. Patterns may be left out.
    """
    before, after = catalogue_of(old), catalogue_of(new)
    for name, pattern in new.patterns.items():
        known = old.patterns.get(name)
        if known is None:
            yield f"patterns.{name}: the flow's file has no pattern of that name"
            continue
        for key in ("from_", "by", "order", "timeouts"):
            if getattr(pattern, key) != getattr(known, key):
                yield f"patterns.{name}.{key.strip('_')}: another one needs a new start of the flow"
        if _columns(before, name) != _columns(after, name):
            yield f"patterns.{name}.measures: other names or types need a new start of the flow"


def changed_step(
    pipeline: Pipeline, step: PatternStep, change: PatternChange
) -> PatternStep | None:
    """A step as a change makes it; None where the change is not for this file.

    Args:
        pipeline: the pipeline as its file has it.
        step: one of its steps.
        change: from the journal.
    """
    if change.replaced != patterns_digest(pipeline):
        return None
    try:
        new = with_patterns(pipeline, json.loads(change.patterns))
        if any(obstacles(pipeline, new)):
            return None
        planned = {one.sources: one for one in plan_patterns(new)}
    except (UserMistake, ExpressionError, PatternError, ValueError, AttributeError):
        return None
    made = planned.get(step.sources)
    lanes = {lane.key: lane for lane in made.lanes} if made else {}
    return replace(
        step, lanes=tuple(lanes.get(lane.key, replace(lane, patterns=())) for lane in step.lanes)
    )


def _columns(catalogue: Catalogue, name: str) -> list[set[tuple[str, FieldType]]]:
    signals = catalogue.signals
    return [
        {(one.name, one.type) for one in signals[signal].columns}
        for signal in (name, timeouts_of(name))
        if signal in signals
    ]
