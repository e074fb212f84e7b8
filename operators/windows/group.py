"""All windows of a source, or of several joined ones, in one key group."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from operators.keygroups.shelf import IN_SNAPSHOTS, Saving, Shelf
from operators.progress.joined import watermark_over
from operators.windows.bounded import BoundedState
from operators.windows.finishing import window_records
from operators.windows.others import Folded, Rest, changed, largest, step_ns
from operators.windows.part import Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.refused import LATE, Letters
from operators.windows.saved import VERSION, FramePieces, upgraded
from tidegauge.batch import END_OF_TIME, NO_TIME, Progress
from tidegauge.catalogue import WINDOW_STATE, WINDOW_STATE_SIGNAL
from tidegauge.errors import UserMistake
from tidegauge.journal import Floor
from tidegauge.records import RecordBatch

_MEASURED = {"time_ns": pl.Int64} | {
    column.name: column.type.dtype for column in WINDOW_STATE_SIGNAL.columns
}


@dataclass(frozen=True, slots=True)
class Partials:
    """What a batch gives to a key group: its part of each window, and progress; or a floor only.

    `group` is the name of the key group, `offsets` the first and last offset of the batch's events.
    """

    progress: Progress | Floor
    on_time: Mapping[str, Part] = field(default_factory=dict)
    corrections: Mapping[str, Part] = field(default_factory=dict)
    group: str = ""
    offsets: tuple[int, int] | None = None


class WindowGroup:
    """Merges partials and gives the records of the windows that the watermark closes.

    Args:
        plans: the source's windows.
        clock_ns: wall clock, for the processing time in the records and nothing else.
        snapshot: where an earlier run stopped.
        saving: what becomes of snapshots.
        step: name of the step, unique in the flow.
        sources: where the windows are over several sources, their names.
        topics: topic of each source, for dead letters.
        most: how many series of a result are given, for windows where the rest is told by `rests`.

    Raises:
        UserMistake: the snapshot does not fit, or a piece of it is missing.
    """

    def __init__(
        self,
        plans: Sequence[WindowPlan],
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None,
        saving: Saving = IN_SNAPSHOTS,
        step: str = "windows",
        sources: Sequence[str] = (),
        topics: Mapping[str, str] = MappingProxyType({}),
        most: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._clock_ns = clock_ns
        self._saving, self._step, self._name = saving, step, ""
        self._shelf: Shelf | None = None
        self._sources = sources
        self._watermark = watermark_over(sources)
        self._states = {plan.name: BoundedState(plan, most.get(plan.name)) for plan in plans}
        self._frames = FramePieces()
        self._letters = Letters(topics, step=step)
        self._most = dict(most)
        self._passed: dict[str, tuple[int, int]] = {}
        self._folded = {name: Folded() for name in most}
        self._rests: list[Rest] = []
        if snapshot:
            self._restore(snapshot)

    def take(self, partials: Sequence[Partials]) -> list[RecordBatch]:
        """Merge what came in one activation, then close what the watermark has passed."""
        appended_ns = 0
        made: list[RecordBatch] = []
        if not self._name and partials:
            self._name = partials[0].group
        for partial in partials:
            made += self._add(partial)
            before = self._watermark.value_ns
            self._watermark.observe(partial.progress)
            if self._watermark.value_ns > before:
                # No record closes what a floor closes.
                told = partial.progress
                appended_ns = told.appended_ns if isinstance(told, Progress) else 0
        for name, state in self._states.items():
            closed = state.advance(self._watermark.value_ns)
            if name in self._most:
                closed = self._leave(name, closed)
            made += [self._finish(self._plans[name], part, appended_ns) for part in closed]
        return made

    @property
    def name(self) -> str:
        """Name of the key group, once something has come."""
        return self._name

    @property
    def passed(self) -> tuple[int, ...]:
        """The watermark: all first results up to this time were given.

        Before the end of time, also the highest that was reached before all was read.
        """
        return self._watermark.passed

    def rests(self) -> list[Rest]:
        """What was left to the other series since the call before."""
        rests, self._rests = self._rests, []
        return rests

    def measure(self) -> RecordBatch:
        """What is held of each window, now."""
        about = {"time_ns": self._clock_ns(), "group": self._name}
        at = self._watermark.value_ns
        watermark = {"watermark_ns": at if NO_TIME < at < END_OF_TIME else None}
        rows = [
            {**about, "window": name, **state.measure(), **watermark}
            for name, state in self._states.items()
        ]
        return RecordBatch(WINDOW_STATE, pl.DataFrame(rows, schema=_MEASURED))

    def snapshot(self) -> dict[str, Any] | None:
        """Everything a restart needs; None where nobody keeps it."""
        if not self._saving.wanted:
            return None
        states = {name: state.snapshot() for name, state in self._states.items()}
        states = self._frames.wrap(states)
        if self._shelf is None:
            self._shelf = self._saving.shelf(self._step, self._name)
        return {
            "version": VERSION,
            "group": self._name,
            "watermark": self._watermark.snapshot(),
            "letters_ns": self._letters.last_ns,
            "shelf": self._shelf.save(states, self._clock_ns()) if self._shelf else None,
            "windows": states,
            "folded": {name: folded.saved() for name, folded in self._folded.items()},
        }

    def _restore(self, saved: dict[str, Any]) -> None:
        snapshot = upgraded(saved)
        self._watermark = watermark_over(self._sources, snapshot["watermark"])
        if snapshot["shelf"] is not None:
            self._name = snapshot["group"]
            self._shelf = self._saving.shelf(self._step, self._name)
            if self._shelf is None:
                raise UserMistake(
                    f"saved state: the windows of {self._step} have pieces beside it; start with"
                    " the recovery directory that it is from"
                )
            self._shelf.load(snapshot["shelf"], snapshot["windows"])
        self._letters.last_ns = snapshot["letters_ns"]
        for name, places in snapshot.get("folded", {}).items():
            if name in self._folded:
                self._folded[name] = Folded(places)
        for name, state in self._states.items():
            if name in snapshot["windows"]:
                state.restore(self._frames.unwrap(snapshot["windows"][name]))

    def _add(self, partial: Partials) -> list[RecordBatch]:
        letters = []
        for name, state in self._states.items():
            lost = state.add(partial.on_time.get(name), partial.corrections.get(name))
            if (lost.refused or lost.late) and isinstance(partial.progress, Progress):
                plan = self._plans[name]
                told = partial.progress, self._name, partial.offsets
                letters.append(self._letters.of(plan, lost.refused, *told))
                letters.append(self._letters.of(plan, lost.late, *told, kind=LATE))
        return [letter for letter in letters if letter is not None]

    def _leave(self, name: str, closed: Iterable[Part]) -> Iterator[Part]:
        """The largest series of what closed; the rest, and how far this group is, is told apart."""
        plan, at, rests = self._plans[name], self._watermark.value_ns, []
        folded = self._folded[name]
        for part in closed:
            kept, rest = largest(plan, part, self._most[name])
            if rest is not None:
                rests.append(rest)
                if plan.lateness_ns:
                    folded.note(rest)
            kept = changed(folded.uncorrected(kept))
            if kept.rows.height:
                yield kept
        folded.forget(at - plan.lateness_ns)
        every_ns = step_ns(plan) or 1
        # With a corrected result in mind, too: a step further, whichever of the two it may close.
        passed = (at // every_ns, (at - plan.lateness_ns) // every_ns)
        if rests or self._passed.get(name) != passed:
            self._passed[name] = passed
            self._rests.append(Rest(name, self._name, at, concat_parts(rests) if rests else None))

    def _finish(self, plan: WindowPlan, closed: Part, appended_ns: int) -> RecordBatch:
        now_ns = self._clock_ns()
        latency_ms = (now_ns - appended_ns) / 1e6 if appended_ns else None
        return window_records(plan, closed, now_ns, latency_ms)
