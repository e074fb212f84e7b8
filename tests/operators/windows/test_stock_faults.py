"""What the engine's own windows get wrong in normal operation, and these do not.

Each timeline is run through both. Rows of a timeline: when an event arrives by the wall clock, and
its event time, both in seconds. Windows are 10 s, the out-of-orderness (there: the wait) is 2 s.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.operators import windowing
from bytewax.testing import TestingSink, TestingSource

from connectors.codecs.json_columns import JsonColumns
from operators.intake.intake import partition_intake
from operators.intake.operator import event_batches
from operators.intake.plan import plan_intake
from operators.intake.rows import declare_rows
from operators.windows.operator import windows
from operators.windows.plan import declare_window
from tests.operators.keygroups.engine import run, run_crashing

EPOCH = datetime(2024, 5, 1, tzinfo=UTC)
SIZE, WAIT = timedelta(seconds=10), timedelta(seconds=2)
Results = list[tuple[int, int]]
"""Start of each window in seconds, and its count of events, in the order they were emitted."""


class Arrival(NamedTuple):
    """An event: when it arrives and when it happened, seconds after the epoch of the test."""

    at: float
    ts: float
    key: str = "a"


Timeline = Sequence[Arrival | TestingSource.ABORT]


class Clock:
    """The wall clock, set by what arrives."""

    def __init__(self) -> None:
        self.now = EPOCH

    def arrive(self, event: Arrival) -> Arrival:
        self.now = max(self.now, EPOCH + timedelta(seconds=event.at))
        return event


def stock(timeline: Timeline, clock: Clock) -> tuple[Dataflow, Results]:
    made: Results = []
    flow = Dataflow("stock")
    event_clock: windowing.EventClock[Arrival] = windowing.EventClock(
        lambda event: EPOCH + timedelta(seconds=event.ts), WAIT, now_getter=lambda: clock.now
    )
    tumbling = windowing.TumblingWindower(length=SIZE, align_to=EPOCH)
    up: Stream[Arrival] = op.input("in", flow, TestingSource(timeline))
    arrived = op.map("arrive", up, clock.arrive)
    counted = windowing.count_window(
        "count", arrived, event_clock, tumbling, lambda event: event.key
    )
    results = op.map("result", counted.down, lambda item: (item[1][0] * 10, item[1][1]))
    op.output("out", results, TestingSink(made))
    return flow, made


def ours(timeline: Timeline, clock: Clock, *, bounded: bool = True) -> tuple[Dataflow, Results]:
    made: Results = []
    source = declare_rows(
        "events",
        fields={"key": {"type": "string"}},
        event_time={"field": "ts", "format": "epoch_ms", "out_of_orderness": "2s"},
    )
    count = declare_window(
        "count",
        {"tumbling": {"size": "10s"}, "by": ["key"], "select": {"events": "count(*)"}},
        source,
    )
    make_intake = partition_intake(plan_intake("events", source, JsonColumns), 1)
    flow = Dataflow("ours")
    up: Stream[Arrival] = op.input("in", flow, TestingSource(timeline))
    rows = op.map("row", op.map("arrive", up, clock.arrive), _row)
    keyed = op.key_on("key", rows, lambda _: "0")
    batches = event_batches(
        "events",
        keyed,
        make_intake,
        ["0"],
        bounded=bounded,
        clock_ns=lambda: int(clock.now.timestamp() * 1e9),
    )
    results = windows("windows", batches, [count], key_groups=1)
    op.output("out", op.flat_map("result", results, _counts), TestingSink(made))
    return flow, made


def _row(event: Arrival) -> dict[str, Any]:
    return {"key": event.key, "ts": EPOCH.timestamp() * 1e3 + event.ts * 1e3}


def _counts(item: tuple[str, Any]) -> Results:
    start = EPOCH.timestamp()
    frame = item[1].frame
    starts = ((frame["start_ns"] / 1e9) - start).round().cast(int)
    return list(zip(starts, frame["events"], strict=True))


def truth(timeline: Timeline) -> Results:
    """Every event in its window, which is emitted once."""
    happened = [event.ts for event in timeline if isinstance(event, Arrival)]
    return sorted(Counter(int(ts) // 10 * 10 for ts in happened).items())


def steady(first: int, last: int, delay: float = 0) -> list[Arrival]:
    """An event a second, in order, each arriving so much after it happened."""
    return [Arrival(ts + delay, ts) for ts in range(first, last + 1)]


def test_without_a_fault_both_are_right() -> None:
    timeline = steady(0, 25)
    for make in (stock, ours):
        flow, made = make(timeline, Clock())
        run(flow)
        assert sorted(made) == truth(timeline)


def test_events_after_a_pause_are_not_late() -> None:
    """The network stops for a minute; what was sent meanwhile then comes in its order."""
    timeline = [*steady(0, 4), *(Arrival(65, ts) for ts in range(5, 26))]
    flow, made = stock(timeline, Clock())
    run(flow)
    assert sum(count for _, count in made) < 26, "the stock window drops what came after the pause"
    flow, made = ours(timeline, Clock())
    run(flow)
    assert made == truth(timeline)


def test_a_restart_after_downtime_emits_a_window_once(tmp_path: Path) -> None:
    """The flow dies at second 4 and is down for an hour; the topic kept everything."""
    timeline: Timeline = [*steady(0, 4), TestingSource.ABORT(), *steady(5, 25, delay=3_600)]
    flow, made = stock(timeline, Clock())
    run_crashing(flow, tmp_path / "stock", sealed=False)
    assert sorted(made) != truth(timeline), "the stock window is partial, doubled or both"
    flow, made = ours(timeline, Clock(), bounded=False)
    run_crashing(flow, tmp_path / "ours")
    assert made == truth(timeline)[:-1], "the last window is still open"


def test_one_event_from_the_future_makes_no_other_late() -> None:
    """One sensor's clock is a day ahead for one event, which is refused."""
    good = steady(0, 25)
    timeline = [*good[:5], Arrival(4, 86_400), *good[5:]]
    flow, made = stock(timeline, Clock())
    run(flow)
    assert dict(made).get(0, 0) < 10, "the stock window drops all that follows"
    flow, made = ours(timeline, Clock())
    run(flow)
    assert made == truth(good)


def test_a_closed_window_stays_closed() -> None:
    """A very late event comes when every window of its key has closed."""
    good = [*steady(0, 5), Arrival(60, 60, "b")]
    timeline = [*good, Arrival(61, 3)]
    flow, made = stock(timeline, Clock())
    run(flow)
    assert sorted(made) == [(0, 1), (0, 6), (60, 1)], "emitted again, with the late event alone"
    flow, made = ours(timeline, Clock())
    run(flow)
    assert made == truth(good)
