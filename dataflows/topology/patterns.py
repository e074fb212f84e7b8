"""The part of the flow that finds patterns: a step for each choice of sources, and its changes."""

from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Stream

from dataflows.topology.context import FlowContext, Records
from dataflows.topology.inputs import Inputs
from dataflows.topology.journal import new_pattern_changes
from operators.cep.group import Changing
from operators.cep.operator import find_patterns
from operators.cep.plan import plan_patterns
from operators.cep.replan import changed_step
from operators.windows.operator import join_sources


def look_for_patterns(context: FlowContext, inputs: Inputs) -> list[Records]:
    """Matches, timeouts and what is held; nothing where no pattern is looked for.

    Args:
        context: that of the flow.
        inputs: what the flow reads, changes of patterns among it.
    """
    pipeline, timed, news = context.pipeline, inputs.timed, inputs.news
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
        place = (step, context.key_groups, context.clock_ns, context.saving)
        changing = Changing(partial(changed_step, pipeline, step), inputs.pattern_changes)
        name = f"patterns_{step.name}"
        told = (context.measure_every_ns, changing, context.ending)
        found.append(find_patterns(name, up, *place, *told))
    return found
