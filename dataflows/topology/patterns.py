"""The part of the flow that finds patterns: a step for each choice of sources, and its changes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Stream
from bytewax.operators import KeyedStream

from dataflows.topology.journal import Timed, new_pattern_changes
from operators.cep.group import Changing
from operators.cep.operator import find_patterns
from operators.cep.plan import plan_patterns
from operators.cep.replan import changed_step
from operators.keygroups.shelf import Saving
from operators.windows.operator import join_sources
from tidegauge.journal import News
from tidegauge.patterns.changes import PatternChange
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline


def look_for_patterns(
    pipeline: Pipeline,
    timed: Mapping[str, Timed],
    clock_ns: Callable[[], int],
    saving: Saving,
    measure_every_ns: int | None,
    *,
    news: Stream[News] | None = None,
    changes: Sequence[PatternChange] = (),
) -> list[KeyedStream[RecordBatch]]:
    """Matches, timeouts and what is held; nothing where no pattern is looked for.

    Args:
        pipeline: the pipeline.
        timed: what moves the watermark of each source.
        clock_ns: wall clock, for the processing time in the records.
        saving: what becomes of snapshots.
        measure_every_ns: how often each key group tells what it holds; None for never.
        news: what comes from the journal, changes of patterns among it.
        changes: those that were in the journal at the start.
    """
    steps = plan_patterns(pipeline)
    changed = new_pattern_changes(news) if steps and news is not None else None
    found = []
    for step in steps:
        up: Stream[Any] = timed[step.sources[0]]
        if len(step.sources) > 1:
            ups = {name: timed[name] for name in step.sources}
            up = join_sources(f"join_for_patterns_{step.name}", ups)
        if changed is not None:
            up = op.merge(f"with_changes_{step.name}", up, changed)
        place = (step, pipeline.state.key_groups, clock_ns, saving, measure_every_ns)
        changing = Changing(partial(changed_step, pipeline, step), changes)
        found.append(find_patterns(f"patterns_{step.name}", up, *place, changing))
    return found
