"""The part of the flow that measures: windows on each source, and on sources joined."""

from collections.abc import Mapping

from dataflows.topology.context import FlowContext, Records
from dataflows.topology.journal import Timed
from dataflows.topology.ticks import ticking
from operators.windows.operator import Telling, join_sources, windows
from operators.windows.plan import WindowPlan, plan_pipeline_window


def measure_windows(context: FlowContext, timed: Mapping[str, Timed]) -> list[Records]:
    """Records of windows, with ticks: a step for each source, and for sources that are joined.

    Args:
        context: that of the flow.
        timed: what moves the watermark of each source.
    """
    pipeline = context.pipeline
    plans: dict[tuple[str, ...], list[WindowPlan]] = {}
    for name, window in pipeline.windows.items():
        plans.setdefault(window.from_, []).append(plan_pipeline_window(pipeline, name))
    return [_step(context, timed, sources, planned) for sources, planned in plans.items()]


def _step(
    context: FlowContext,
    timed: Mapping[str, Timed],
    sources: tuple[str, ...],
    plans: list[WindowPlan],
) -> Records:
    pipeline, joined = context.pipeline, "+".join(sources)
    topics = {name: pipeline.sources[name].kafka.topic for name in sources}
    telling = Telling(topics, context.measure_every_ns, ticking(context))
    place = (plans, context.key_groups, context.clock_ns, context.saving)
    if len(sources) == 1:
        return windows(f"windows_{joined}", timed[joined], *place, (), telling)
    up = join_sources(f"join_{joined}", {name: timed[name] for name in sources})
    return windows(f"windows_{joined}", up, *place, sources, telling)
