"""All windows of a source, or of several joined ones, in one key group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from operators.keygroups.shelf import IN_SNAPSHOTS, Saving, Shelf
from operators.progress.joined import watermark_over
from operators.windows.accumulators import FIRST, LAST, ROWS
from operators.windows.bounded import BoundedState
from operators.windows.finishing import finish
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.refused import Letters
from operators.windows.saved import VERSION, FramePieces, upgraded
from operators.windows.shapes import Session
from tidegauge.batch import END_OF_TIME, NO_TIME, Progress
from tidegauge.catalogue import STATE, WINDOW_STATE, WINDOW_STATE_SIGNAL
from tidegauge.errors import UserMistake
from tidegauge.journal import Floor
from tidegauge.records import RecordBatch

_MEASURED = {"time_ns": pl.Int64} | {
    column.name: column.type.dtype for column in WINDOW_STATE_SIGNAL.columns
}


@dataclass(frozen=True, slots=True)
class Partials:
    """What a batch gives to a key group: its part of each window, and progress; or a floor only.

    `group` is the name of the key group.
    """

    progress: Progress | Floor
    on_time: Mapping[str, Part] = field(default_factory=dict)
    corrections: Mapping[str, Part] = field(default_factory=dict)
    group: str = ""


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
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._clock_ns = clock_ns
        self._saving, self._step, self._name = saving, step, ""
        self._shelf: Shelf | None = None
        self._sources = sources
        self._watermark = watermark_over(sources)
        self._states = {plan.name: BoundedState(plan) for plan in plans}
        self._frames = FramePieces()
        self._letters = Letters(topics)
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
            if closed is not None:
                made.append(self._finish(self._plans[name], closed, appended_ns))
        return made

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
        for name, state in self._states.items():
            if name in snapshot["windows"]:
                state.restore(self._frames.unwrap(snapshot["windows"][name]))

    def _add(self, partial: Partials) -> list[RecordBatch]:
        letters = []
        for name, state in self._states.items():
            refused = state.add(partial.on_time.get(name), partial.corrections.get(name))
            if refused and isinstance(partial.progress, Progress):
                plan = self._plans[name]
                letters.append(self._letters.of(plan, refused, partial.progress, self._name))
        return [letter for letter in letters if letter is not None]

    def _finish(self, plan: WindowPlan, closed: Part, appended_ns: int) -> RecordBatch:
        now_ns = self._clock_ns()
        latency_ms = (now_ns - appended_ns) / 1e6 if appended_ns else None
        metadata = [
            pl.col("start_ns"),
            pl.col("revision"),
            pl.col(ROWS.name).alias("data_points"),
            pl.col(FIRST.name).alias("first_event_ns"),
            pl.col(LAST.name).alias("last_event_ns"),
            pl.lit(now_ns, pl.Int64).alias("processing_time_ns"),
            pl.lit(latency_ms, pl.Float64).alias("latency_ms"),
        ]
        if isinstance(plan.shape, Session):
            metadata.append(pl.col(STATE))
        frame = finish(plan, closed).select("time_ns", *plan.by, *plan.fields, *metadata)
        return RecordBatch(plan.name, frame)
