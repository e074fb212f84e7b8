"""Windows on a stream of event batches."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from operators.keygroups.assign import KeyGroups
from operators.keygroups.begun import Parts
from operators.keygroups.names import group_names
from operators.keygroups.operator import GroupLogic, by_group
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from operators.progress.joined import apart
from operators.windows.group import Partials, WindowGroup
from operators.windows.kinds import preaggregate
from operators.windows.others import Others, Rest, other_group, step_ns
from operators.windows.part import located, split_part
from operators.windows.plan import WindowPlan
from tidegauge.batch import NO_TIME, OFFSET, EventBatch
from tidegauge.journal import Floor
from tidegauge.records import RecordBatch, Tick


class _Splitter:
    """Pre-aggregates each batch and deals the rows, and always the progress, to every key group."""

    def __init__(self, plans: Sequence[WindowPlan], key_groups: int) -> None:
        self._plans = plans
        self._names = group_names(key_groups)
        self._groups = KeyGroups(key_groups)

    def __call__(self, batches: list[EventBatch | Floor]) -> Iterable[tuple[str, Partials]]:
        for batch in batches:
            if isinstance(batch, Floor):
                yield from ((name, Partials(batch, group=name)) for name in self._names)
                continue
            rows: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, {}) for _ in self._names]
            for plan in self._plans:
                for side, events in enumerate((batch.on_time, batch.corrections)):
                    if events.height:
                        merged = preaggregate(plan, located(batch, events))
                        for group, part in split_part(self._groups, merged, list(plan.by)):
                            rows[group][side][plan.name] = part
            offsets = _offsets(batch)
            for name, (on_time, corrections) in zip(self._names, rows, strict=True):
                yield name, Partials(batch.progress, on_time, corrections, name, offsets)


def _offsets(batch: EventBatch) -> tuple[int, int] | None:
    """First and last offset of a batch's events, which are in their order."""
    ends = [side[OFFSET] for side in (batch.on_time, batch.corrections) if side.height]
    if not ends:
        return None
    return min(side[0] for side in ends), max(side[-1] for side in ends)


def join_sources(
    step_id: str, ups: Mapping[str, Stream[EventBatch] | Stream[EventBatch | Floor]]
) -> Stream[EventBatch | Floor]:
    """Event batches of several sources as one stream, for windows over all of them.

    Args:
        step_id: unique name of the step.
        ups: event batches of each source by its name, with its floors where there is a journal.
            The order of the sources decides between events of the same time, and must stay.
    """
    moved = [
        op.map(f"{step_id}_{name}", up, partial(apart, number=number))
        for number, (name, up) in enumerate(ups.items())
    ]
    return op.merge(step_id, *moved)


@dataclass(frozen=True, slots=True)
class Telling:
    """What windows tell beside their results.

    Attributes:
        topics: topic of each source, for dead letters; one that is not here is called as its
            source.
        measure_every_ns: how often each key group tells what it holds; None for never.
        ticks: windows about which it is told, among the results, how far each key group has come
            (`Tick`).
    """

    topics: Mapping[str, str] = field(default_factory=dict)
    measure_every_ns: int | None = None
    ticks: frozenset[str] = frozenset()


RESULTS_ONLY = Telling()


class _Measured(GroupLogic[Partials]):
    """Logic of one key group that tells now and then, and at the end, what it holds."""

    def __init__(
        self,
        group: WindowGroup,
        every_ns: int | None,
        clock_ns: Callable[[], int],
        parts: Parts | None = None,
        ticks: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(group, parts)
        self._windows = group
        self._every_ns, self._clock_ns = every_ns, clock_ns
        self._due_ns = clock_ns() + (every_ns or 0)
        self._ticks, self._ticked_ns = ticks, NO_TIME

    def on_batch(self, values: list[Partials]) -> tuple[Iterable[Any], bool]:
        """Hand the values on, and measure when it is time to."""
        records, discard = super().on_batch(values)
        made = [*records, *self._windows.rests()]
        for passed_ns in self._windows.passed if self._ticks else ():
            if passed_ns > self._ticked_ns:
                self._ticked_ns = passed_ns
                made.append(Tick(self._ticks, self._windows.name, passed_ns))
        if self._every_ns is not None and (now_ns := self._clock_ns()) >= self._due_ns:
            self._due_ns = now_ns + self._every_ns
            made.append(self._windows.measure())
        return made, discard

    def on_eof(self) -> tuple[Iterable[Any], bool]:
        """What is held at the end, which may come before it was ever told."""
        made = [] if self._every_ns is None else [self._windows.measure()]
        return made, self.RETAIN


@operator
def windows(
    step_id: str,
    up: Stream[EventBatch] | Stream[EventBatch | Floor],
    plans: Sequence[WindowPlan],
    key_groups: int,
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
    sources: Sequence[str] = (),
    telling: Telling = RESULTS_ONLY,
) -> KeyedStream[RecordBatch]:
    """Results of event-time windows over a stream of event batches.

    Args:
        step_id: unique name of the step.
        up: event batches of one source, and its floors where there is a journal.
        plans: its windows, compiled by `plan_window`.
        key_groups: number of key groups, 1 to 16; fixed when the state is first made.
        clock_ns: wall clock, for the processing time in the records.
        saving: what becomes of snapshots; with many keys and a recovery directory, pieces in a
            folder there make them short.
        sources: where `up` is `join_sources` of several, their names.
        telling: what else the step tells of itself.

    Returns:
        window records by key group: a frame whenever the watermark closes windows; dead letters
        where a window has no room for a key; what is held (`WINDOW_STATE`), as often as asked for;
        a `Tick` behind the records that it is about, where `telling` asks for them.
    """
    names = group_names(key_groups)
    shared = {plan.name: plan for plan in plans if step_ns(plan)}
    targets = {name: other_group(plan, key_groups) for name, plan in shared.items()}
    most = {name: max(plan.max_series // key_groups, 1) for name, plan in shared.items()}

    followed = tuple(telling.topics)
    kept = Parts("window", ("windows", "folded"), saving.begun, followed)
    kept_others = Parts("window", ("reached", "waiting"), saving.begun, followed)

    def build(saved: dict[str, Any] | None) -> GroupLogic[Any]:
        resume = kept.restored(saved)
        group = WindowGroup(plans, clock_ns, resume, saving, step_id, sources, telling.topics, most)
        ticks = telling.ticks & {plan.name for plan in plans}
        return _Measured(group, telling.measure_every_ns, clock_ns, kept, ticks)

    def records(items: list[tuple[str, Any]]) -> Iterable[tuple[str, RecordBatch]]:
        return [item for item in items if isinstance(item[1], RecordBatch | Tick)]

    def rests(items: list[tuple[str, Any]]) -> Iterable[tuple[str, Rest]]:
        found = [item for _, item in items if isinstance(item, Rest)]
        return [(targets[rest.window], rest) for rest in found]

    partials = op.flat_map_batch("preaggregate", up, _Splitter(plans, key_groups))
    merged = op.stateful_batch("merge", partials, build)
    results = op.flat_map_batch("records", merged, records)
    if not shared:
        return results
    left = op.flat_map_batch("rests", merged, rests)
    make = partial(Others, list(shared.values()), len(names), clock_ns, ticks=telling.ticks)
    return op.merge("results", results, by_group("others", left, make, kept_others))
