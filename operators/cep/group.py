"""The patterns over some sources, in one key group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from operators.cep.lane import Lane
from operators.cep.letters import RunLetters
from operators.cep.plan import LaneKey, PatternStep
from operators.keygroups.names import MAX_GROUPS, group_names
from operators.keygroups.saved import check_version
from operators.progress.joined import watermark_over
from tidegauge.batch import Progress
from tidegauge.catalogue import PATTERN_STATE, PATTERN_STATE_SIGNAL
from tidegauge.journal import Floor
from tidegauge.records import TIME_NS, RecordBatch

STATE_VERSION = 1
PATTERNS = "patterns"
"""Entry of a snapshot with the runs of each pattern by its name."""
_NOTHING: dict[str, Any] = {"watermark": None, "letters_ns": 0, PATTERNS: {}, "lanes": {}}
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

    Raises:
        UserMistake: the snapshot is of another version.
    """

    def __init__(
        self,
        step: PatternStep,
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None = None,
    ) -> None:
        if snapshot is not None:
            check_version("patterns", snapshot["version"], STATE_VERSION)
        saved: dict[str, Any] = snapshot or _NOTHING
        joined = step.sources if len(step.sources) > 1 else ()
        self._watermark = watermark_over(joined, saved["watermark"])
        self._letters = RunLetters(list(step.topics.values()), saved["letters_ns"])
        self._lanes = {
            plan.key: Lane(plan, self._letters, _of_lane(saved, str(plan.key)))
            for plan in step.lanes
        }
        self._clock_ns = clock_ns

    def take(self, slices: Sequence[PatternSlice]) -> list[RecordBatch]:
        """Matches, timeouts and dead letters that follow."""
        for piece in slices:
            self._letters.group = piece.group
            self._watermark.observe(piece.progress)
        records = []
        for key, lane in self._lanes.items():
            events = [piece.events[key] for piece in slices if key in piece.events]
            late = sum(piece.late.get(key, 0) for piece in slices)
            records += lane.take(events, self._watermark.value_ns, self._clock_ns(), late)
        return records

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


def _of_lane(saved: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """What `Lane.snapshot` gave, from what the group saved."""
    lane = saved["lanes"].get(key)
    if lane is None:
        return None
    runs = {name: one for name, one in saved[PATTERNS].items() if one["lane"] == key}
    return {**lane, "matcher": {**lane["matcher"], PATTERNS: runs}}
