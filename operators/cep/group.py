"""The patterns over some sources, in one key group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from operators.cep.lane import Lane
from operators.cep.letters import RunLetters
from operators.cep.plan import LaneKey, LanePlan, PatternStep
from operators.cep.walk import Stop, never
from operators.keygroups.names import MAX_GROUPS, group_names
from operators.keygroups.saved import check_version
from operators.progress.joined import watermark_over
from tidegauge.batch import NO_TIME, Progress
from tidegauge.catalogue import PATTERN_STATE, PATTERN_STATE_SIGNAL
from tidegauge.journal import Floor
from tidegauge.patterns.changes import PatternChange
from tidegauge.records import TIME_NS, RecordBatch

STATE_VERSION = 1
PATTERNS = "patterns"
"""Entry of a snapshot with the runs of each pattern by its name."""
_NOTHING: dict[str, Any] = {
    "watermark": None,
    "letters_ns": 0,
    "since": (NO_TIME, 0),
    PATTERNS: {},
    "lanes": {},
}


@dataclass(frozen=True, slots=True)
class Changing:
    """How the patterns of a step become others while the flow runs.

    Attributes:
        replan: the step as a change makes it; None for a change that does not count.
        known: changes that were there at the start.
    """

    replan: Callable[[PatternChange], PatternStep | None] = lambda _: None
    known: Sequence[PatternChange] = ()


UNCHANGED = Changing()
_MEASURED: dict[str, type[pl.DataType]] = {
    TIME_NS: pl.Int64,
    **{column.name: column.type.dtype for column in PATTERN_STATE_SIGNAL.columns},
}


@dataclass(frozen=True, slots=True)
class PatternSlice:
    """What a batch brings to a key group: events by lane, and progress; or only a floor.

    `group` is the number of the key group, `late` how many of its events were too late for a lane.
    """

    progress: Progress | Floor
    group: int = 0
    events: Mapping[LaneKey, pl.DataFrame] = field(default_factory=dict)
    late: Mapping[LaneKey, int] = field(default_factory=dict)


class PatternGroup:
    """Finds patterns in the events of one key group.

    Args:
        step: the patterns.
        clock_ns: wall clock, for the processing time in the records.
        snapshot: where an earlier run stopped.
        changing: how the patterns become others.

    Raises:
        UserMistake: the snapshot is of another version.
    """

    def __init__(
        self,
        step: PatternStep,
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None = None,
        changing: Changing = UNCHANGED,
    ) -> None:
        if snapshot is not None:
            check_version("patterns", snapshot["version"], STATE_VERSION)
        saved: dict[str, Any] = snapshot or _NOTHING
        joined = step.sources if len(step.sources) > 1 else ()
        self._watermark = watermark_over(joined, saved["watermark"])
        self._letters = RunLetters(step.topics, saved["letters_ns"])
        self._replan = changing.replan
        self._changes: dict[tuple[int, int], PatternStep] = {}
        self._since = tuple(saved["since"])
        for change in sorted(changing.known, key=lambda one: one.order):
            self._learn(change)
            if change.order <= self._since:
                step = self._changes.get(change.order, step)
        self._lanes = {
            plan.key: Lane(plan, self._letters, _of_lane(saved, str(plan.key)))
            for plan in step.lanes
        }
        self._clock_ns = clock_ns

    def take(
        self, values: Sequence[PatternSlice | PatternChange], stop: Stop = never
    ) -> list[RecordBatch]:
        """Matches, timeouts and dead letters that follow.

        Args:
            values: what came in.
            stop: asked now and then whether to stop; what is left is kept for `go_on`.
        """
        slices = [piece for piece in values if isinstance(piece, PatternSlice)]
        for change in values:
            if isinstance(change, PatternChange):
                self._learn(change)
        for piece in slices:
            self._letters.group = piece.group
            self._watermark.observe(piece.progress)
        due = self._due()
        records = []
        for key, lane in self._lanes.items():
            events = [piece.events[key] for piece in slices if key in piece.events]
            late = sum(piece.late.get(key, 0) for piece in slices)
            plans = [(at_ns, _lane_of(step, key)) for (at_ns, _), step in due]
            watermark_ns = self._watermark.value_ns
            records += lane.take(events, watermark_ns, self._clock_ns(), late, plans, stop)
        return records

    def go_on(self, stop: Stop = never) -> list[RecordBatch]:
        """Matches, timeouts and dead letters that follow from what was kept."""
        behind = [lane for lane in self._lanes.values() if lane.behind]
        return [record for lane in behind for record in lane.go_on(self._clock_ns(), stop)]

    @property
    def behind(self) -> bool:
        """Whether something was kept."""
        return any(lane.behind for lane in self._lanes.values())

    @property
    def unread(self) -> int:
        """How many events were kept."""
        return sum(lane.unread for lane in self._lanes.values())

    def _learn(self, change: PatternChange) -> None:
        if change.order not in self._changes and (step := self._replan(change)) is not None:
            self._changes[change.order] = step

    def _due(self) -> list[tuple[tuple[int, int], PatternStep]]:
        """Changes that the watermark has reached and that do not count yet."""
        at_ns = self._watermark.value_ns
        due = [one for one in sorted(self._changes.items(), key=_order) if one[0] > self._since]
        due = [(order, step) for order, step in due if order[0] <= at_ns]
        if due:
            self._since = due[-1][0]
        return due

    def measure(self) -> RecordBatch:
        """What is held of each pattern, now."""
        about = {TIME_NS: self._clock_ns(), "group": group_names(MAX_GROUPS)[self._letters.group]}
        rows = [{**about, **row} for lane in self._lanes.values() for row in lane.measure()]
        return RecordBatch(PATTERN_STATE, pl.DataFrame(rows, schema=_MEASURED))

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs; the runs of each pattern by its name."""
        lanes = {str(key): lane.snapshot() for key, lane in self._lanes.items()}
        return {
            "version": STATE_VERSION,
            "watermark": self._watermark.snapshot(),
            "letters_ns": self._letters.last_ns,
            "since": self._since,
            PATTERNS: {
                name: {**runs, "lane": key}
                for key, lane in lanes.items()
                for name, runs in lane["matcher"][PATTERNS].items()
            },
            "lanes": {
                key: {**lane, "matcher": {**lane["matcher"], PATTERNS: {}}}
                for key, lane in lanes.items()
            },
        }


def _order(change: tuple[tuple[int, int], PatternStep]) -> tuple[int, int]:
    return change[0]


def _lane_of(step: PatternStep, key: LaneKey) -> LanePlan:
    return next(lane for lane in step.lanes if lane.key == key)


def _of_lane(saved: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """What `Lane.snapshot` gave, from what the group saved."""
    lane = saved["lanes"].get(key)
    if lane is None:
        return None
    runs = {name: one for name, one in saved[PATTERNS].items() if one["lane"] == key}
    return {**lane, "matcher": {**lane["matcher"], PATTERNS: runs}}
