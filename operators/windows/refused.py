"""Dead letters of events that a window did not take in: there was no room, or they came late."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from operators.intake.dead_letters import NONE_REFUSED
from operators.keygroups.names import MAX_GROUPS, apart_ns, group_names
from operators.progress.joined import in_its_source
from operators.windows.accumulators import FIRST, LAST, ROWS
from operators.windows.plan import WindowPlan
from tidegauge.batch import OFFSET, TIME, Progress
from tidegauge.catalogue import DEAD_LETTERS
from tidegauge.payloads import letter_detail
from tidegauge.records import RecordBatch

KIND = "too_many_keys"
LATE = "late"
"""Kind of those whose source called them in time, as of those that it called late."""


class Letters:
    """Writes dead letters of one key group, no two with the same time.

    By the time that events come to a window they are pre-aggregated: payloads are gone, and mostly
    offsets too. A letter tells of all events of a key in one pane and batch: key, number, times,
    partition and the offsets that they lie between, which is enough to find them in the topic. Its
    offset is the event's own where it is known, else the first of those. Its time is the first
    event's, moved on by nanoseconds so that it is the only one: the remainder by `MAX_GROUPS` is
    the key group's number.

    Args:
        topics: topic of each source; one that is not here is called as its source.
        last_ns: time of the last letter of an earlier run.
        step: name of the step.
    """

    def __init__(self, topics: Mapping[str, str], last_ns: int = 0, step: str = "") -> None:
        self._topics = topics
        self._step = step
        self.last_ns = last_ns

    def of(
        self,
        plan: WindowPlan,
        frames: Sequence[pl.DataFrame],
        progress: Progress,
        group: str,
        offsets: tuple[int, int] | None = None,
        *,
        kind: str = KIND,
    ) -> RecordBatch | None:
        """Letters about rows that were refused; None for no rows.

        Args:
            plan: the window.
            frames: its refused rows.
            progress: of the partition that they are from.
            group: name of the key group.
            offsets: first and last offset of the batch that they are from, where it is known.
            kind: why they were refused.
        """
        rows = [row for frame in frames for row in frame.iter_rows(named=True)]
        if not rows:
            return None
        # Groups come in no order; letters are the same in every run.
        rows.sort(key=lambda row: (_span(row), repr([row[name] for name in plan.by])))
        names = group_names(MAX_GROUPS)
        number = names.index(group) if group in names else 0
        letters = [self._letter(plan, row, progress, number, offsets, kind) for row in rows]
        return RecordBatch(DEAD_LETTERS, pl.DataFrame(letters, schema=NONE_REFUSED.schema))

    def _letter(
        self,
        plan: WindowPlan,
        row: dict[str, Any],
        progress: Progress,
        number: int,
        offsets: tuple[int, int] | None,
        kind: str,
    ) -> dict[str, Any]:
        first, last = _span(row)
        at_ns = first + apart_ns(f"windows {self._step}") if kind == LATE else first
        events = row.get(ROWS.name, 1)
        least = max(at_ns - at_ns % MAX_GROUPS, self.last_ns - self.last_ns % MAX_GROUPS)
        self.last_ns = least + MAX_GROUPS + number
        about = {
            "window": plan.name,
            "source": progress.source,
            "key": {name: row[name] for name in plan.by},
            "events": events,
            "first_event_ns": first,
            "last_event_ns": last,
            "offsets": offsets,
        }
        return {
            "time_ns": self.last_ns,
            "kind": kind,
            "topic": self._topics.get(progress.source, progress.source),
            "partition": in_its_source(progress.partition),
            "offset": row.get(OFFSET, offsets[0] if offsets else None),
            "reason": f"window {plan.name}: {_reason(plan, kind, events)}",
            "detail": letter_detail(about),
            "payload": None,
            "encoding": None,
            "size": None,
        }


def _reason(plan: WindowPlan, kind: str, events: int) -> str:
    if kind == LATE:
        return f"{events} event(s) came after the last result of every window that they are in"
    return (
        f"this key group has room for {plan.limits.max_keys} keys of"
        f" {plan.limits.max_key_bytes} bytes together (state.max_keys, state.max_key_bytes);"
        f" {events} event(s) of another are in none of its results"
    )


def _span(row: Mapping[str, Any]) -> tuple[int, int]:
    """First and last event time of a refused row, which may be one event."""
    first, last = (row[name if name in row else TIME] for name in (FIRST.name, LAST.name))
    return first, last
