"""Patterns of one key group over one order of its events."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import polars as pl

from operators.cep.letters import RunLetters
from operators.cep.matcher import Matcher
from operators.cep.measures import Measures
from operators.cep.ordering import EventTimeOrder
from operators.cep.plan import CARRIED, LanePlan
from operators.cep.points import Points
from operators.cep.records import PatternRecords
from operators.cep.results import Kind, Result
from operators.cep.walk import Stop, never
from operators.ordering.identity import PARTITION
from tidegauge.batch import OFFSET, TIME
from tidegauge.records import RecordBatch

_OWN: dict[str, type[pl.DataType]] = {TIME: pl.Int64, OFFSET: pl.Int64, PARTITION: pl.Int64}


class Lane:
    """Finds the patterns of a lane.

    Args:
        plan: the lane.
        letters: of the key group.
        snapshot: where an earlier run stopped; patterns that are not the same begin anew.
    """

    def __init__(
        self, plan: LanePlan, letters: RunLetters, snapshot: dict[str, Any] | None = None
    ) -> None:
        self._letters = letters
        self._order = EventTimeOrder([PARTITION, OFFSET]) if plan.key.in_order else None
        self._late = self._refused = 0
        self._points = Points(snapshot["points"] if snapshot else None)
        # Events to read, and up to when time goes on behind them; of the first ones the matcher
        # may have read a part.
        self._queue: deque[tuple[pl.DataFrame | None, int]] = deque()
        self._use(plan)
        if snapshot is not None:
            self._restore(snapshot)

    def take(
        self,
        events: Sequence[pl.DataFrame],
        watermark_ns: int,
        now_ns: int,
        late: int = 0,
        changes: Sequence[tuple[int, LanePlan]] = (),
        stop: Stop = never,
    ) -> list[RecordBatch]:
        """Records that follow from events of the group, and from how far time is.

        Where it stops before the end the rest is kept, for `go_on`.

        Args:
            events: in the order of their arrival.
            watermark_ns: no on-time event before this will come any more.
            now_ns: wall clock, for the processing time in the records.
            late: how many events came too late to be among them.
            changes: event times up to the watermark, ascending, and what the lane is from then on.
                In order of arrival, all of these events are before them.
            stop: asked now and then whether to stop; not where something changes.
        """
        self._late += late
        records = []
        if self._order is not None:
            for frame in events:
                arrived = self._order.add(frame)
                if arrived.late.height:
                    self._late += arrived.late.height
                    records += self._letters.of_late(list(self._patterns), arrived.late)
                self._refused += arrived.refused.height
            # An event at the watermark may still come.
            ready = self._order.advance(watermark_ns - 1)
        else:
            ready = pl.concat(events, how="diagonal") if events else None
        if changes:
            records += self.go_on(now_ns)
        for at_ns, plan in changes:
            before = ready
            if self._order is not None and ready is not None:
                later = ready[TIME] >= at_ns
                before, ready = ready.filter(~later), ready.filter(later)
            else:
                ready = None
            self._enqueue(before, at_ns)
            records += self.go_on(now_ns)
            matcher = self._matcher
            self._use(plan)
            self._matcher.restore(matcher.snapshot())
        self._enqueue(ready, watermark_ns)
        return records + self.go_on(now_ns, stop)

    def go_on(self, now_ns: int, stop: Stop = never) -> list[RecordBatch]:
        """Records that follow from what was kept; arguments as of `take`."""
        records = []
        while self._queue:
            events, time_ns = self._queue[0]
            if events is not None:
                self._matcher.begin(events)
                self._queue[0] = (None, time_ns)
            results = self._matcher.go_on(stop)
            if not self._matcher.behind:
                results += self._matcher.advance(time_ns, stop)
            if results:
                records += self._tell(results, now_ns)
            if self._matcher.behind:
                break
            self._points.forget(time_ns, self._matcher.held_ns)
            self._queue.popleft()
            if self._queue and stop():
                break
        return records

    @property
    def unread(self) -> int:
        """How many events of those that can be read were not; 0 where time alone has to go on."""
        kept = sum(events.height for events, _ in self._queue if events is not None)
        return kept + self._matcher.unread

    @property
    def behind(self) -> bool:
        """Whether something is left for `go_on`."""
        return bool(self._queue)

    def _enqueue(self, events: pl.DataFrame | None, time_ns: int) -> None:
        if events is not None and not events.height:
            events = None
        if events is None and self._queue:
            events, _ = self._queue.pop()
        self._queue.append((events, time_ns))

    def measure(self) -> list[dict[str, Any]]:
        """What is held of each pattern, and running totals."""
        held = self._matcher.held_by_pattern()
        waiting = self.unread + (0 if self._order is None else len(self._order))
        rows = []
        for name in self._patterns:
            counts, now = self._matcher.counts[name], held[name]
            rows.append(
                {
                    "pattern": name,
                    "matches": counts.matches,
                    "timeouts": counts.timeouts,
                    "dropped": counts.dropped,
                    "late": self._late,
                    "refused": self._refused,
                    "keys": now.keys,
                    "partial_matches": now.runs,
                    "buffered_events": now.nodes,
                    "waiting": waiting,
                }
            )
        return rows

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "matcher": self._matcher.snapshot(),
            "order": None if self._order is None else self._order.snapshot(),
            "points": self._points.snapshot(),
            "queue": list(self._queue),
            "late": self._late,
            "refused": self._refused,
        }

    def _use(self, plan: LanePlan) -> None:
        """Look for other patterns, from nothing."""
        self._plan = plan
        self._patterns = {one.name: one for one in plan.patterns}
        self._matcher = Matcher(
            [one.pattern for one in plan.patterns],
            plan.columns,
            by=plan.key.by,
            carry=CARRIED,
            limits={one.name: one.limits for one in plan.patterns},
            timeouts=[one.name for one in plan.patterns if one.timeouts],
            in_order=plan.key.in_order,
            beside={one.name: repr(sorted(one.measures.items())) for one in plan.patterns},
        )
        layout = self._matcher.layout
        self._records = {
            one.name: PatternRecords(
                one, Measures(one.pattern, one.measures, plan.columns, layout), self._points
            )
            for one in plan.patterns
        }

    def _restore(self, snapshot: dict[str, Any]) -> None:
        self._late, self._refused = snapshot["late"], snapshot["refused"]
        matcher = snapshot["matcher"]
        if (reading := matcher.get("reading")) is not None:
            events = self._as_today(reading["events"])
            matcher = {**matcher, "reading": {**reading, "events": events}}
        self._matcher.restore(matcher)
        self._queue.extend(
            (None if events is None else self._as_today(events), time_ns)
            for events, time_ns in snapshot.get("queue", ())
        )
        if self._order is not None:
            order = snapshot["order"]
            held = [self._as_today(frame) for frame in order["held"]]
            self._order.restore({**order, "held": held})

    def _as_today(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Events that waited in an earlier run, with the columns that events have now."""
        wanted = _OWN | {name: kind.dtype for name, kind in self._plan.columns.items()}
        return frame.select(
            pl.col(name) if frame.schema.get(name) == kind else pl.lit(None, kind).alias(name)
            for name, kind in wanted.items()
        )

    def _tell(self, results: Sequence[Result], now_ns: int) -> list[RecordBatch]:
        by_pattern: dict[str, list[Result]] = {}
        for result in results:
            by_pattern.setdefault(result.pattern, []).append(result)
        records = [
            batch
            for name, found in by_pattern.items()
            for batch in self._records[name].of(found, now_ns)
        ]
        dropped = [result for result in results if result.kind is Kind.DROPPED]
        return records + self._letters.of(self._patterns, dropped)
