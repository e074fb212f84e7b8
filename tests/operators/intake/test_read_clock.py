"""Time is not moved by one sender: what the reader's clock says, the same in every run."""

import pickle
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.intake.clocks import RUN
from operators.intake.intake import Intake, IntakePlan, IntakeState
from operators.intake.plan import telling
from operators.progress.journaled import JournaledBoard
from tests.operators.intake.stream import cut, make_plan, message, offsets, raw
from tidegauge.batch import NO_TIME, EventBatch, RawBatch
from tidegauge.journal import ReadAt

PLAN = make_plan(event_time={"out_of_orderness": "2s", "lateness": "0s", "max_future": "5m"})
S = 1_000
NOW = 1_700_000_000 * S


class Log:
    """A journal in memory."""

    def __init__(self) -> None:
        self.entries: list[ReadAt] = []

    def board(self, *, writes: bool = True) -> JournaledBoard:
        """What a process knows that has read it."""

        def keep(source: str, partition: int, first: int, last: int, clock_ms: int) -> None:
            entry = ReadAt(source, "t", partition, first, last, clock_ms, "run")
            self.entries.append(entry)
            board.learn_read_at(entry)

        board = JournaledBoard(keep=keep) if writes else JournaledBoard()
        for entry in self.entries:
            board.learn_read_at(entry)
        return board


def sent(*ahead_s: float, offset: int = 0) -> RawBatch:
    """Messages whose event time and Kafka timestamp are so many seconds ahead of `NOW`."""
    stamps = [NOW + int(one * S) for one in ahead_s]
    return raw([message(ts=stamp, v=1.0) for stamp in stamps], offset, stamps)


def read_at(batch: RawBatch, clock_ms: int) -> RawBatch:
    return replace(batch, read_ms=clock_ms)


def intake_of(
    board: JournaledBoard, plan: IntakePlan = PLAN, state: IntakeState | None = None
) -> Intake:
    return Intake(plan, 0, 1, board, state or IntakeState())


def judged(batches: Sequence[EventBatch]) -> list[tuple[int, str]]:
    """What became of each message: its offset, and its kind of letter or `on_time`."""
    found = [(offset, "on_time") for one in batches for offset in offsets(one.on_time)]
    for one in batches:
        found += one.dead_letters.select("offset", "kind").rows()
    return sorted(found)


def test_an_event_whose_times_are_both_too_far_ahead_is_refused_and_moves_nothing() -> None:
    log = Log()
    batch = intake_of(log.board()).take(read_at(sent(0, 3_600, 1), NOW + S))
    assert judged([batch]) == [(0, "on_time"), (1, "future"), (2, "on_time")]
    (reason,) = batch.dead_letters["reason"]
    assert reason == (
        "event time is 59m59s ahead of its Kafka timestamp and the reader's clock, allowed is 5m"
    )
    assert batch.progress.watermark_ns == (NOW - S) * 1_000_000
    assert [(one.offset, one.last, one.clock_ms) for one in log.entries] == [(1, 1, NOW + S)]


def test_one_that_is_less_ahead_counts_and_makes_nobody_late() -> None:
    lines: list[str] = []
    intake = intake_of(Log().board(), telling(PLAN, lines.append))
    batch = intake.take(read_at(sent(0, 120, 0, 0), NOW))
    assert judged([batch]) == [(number, "on_time") for number in range(4)]
    assert batch.progress.watermark_ns == (NOW - 2 * S) * 1_000_000
    (line,) = lines
    assert line.startswith(
        "kafka: t-0: the event at offset 1 is 2m ahead of the reader's clock, and so is its Kafka"
        " timestamp: it counts and does not move the watermark; see to the clocks, and let the"
    )


def test_a_stream_that_is_behind_is_not_brought_forward_to_the_clock() -> None:
    intake = intake_of(Log().board())
    batch = intake.take(read_at(sent(120, -7_200, 120, -7_199), NOW))
    assert judged([batch]) == [(number, "on_time") for number in range(4)]
    assert batch.progress.watermark_ns == (NOW - 7_201 * S) * 1_000_000


def test_events_that_move_nothing_are_no_time_at_all() -> None:
    intake = intake_of(Log().board())
    assert intake.take(read_at(sent(120), NOW)).progress.watermark_ns == NO_TIME
    assert intake.state.high_ns == NO_TIME


def test_however_many_there_are_in_a_row_they_move_nothing() -> None:
    board = Log().board()
    intake = intake_of(board)
    flood = read_at(sent(0, *[120] * (2 * RUN)), NOW)
    assert intake.take(flood).progress.watermark_ns == (NOW - 2 * S) * 1_000_000


def test_clocks_that_agree_to_some_seconds_are_not_kept() -> None:
    log = Log()
    batch = intake_of(log.board()).take(read_at(sent(0, 8, 9), NOW))
    assert log.entries == []
    assert batch.progress.watermark_ns == (NOW + 7 * S) * 1_000_000


def test_what_is_read_when_its_time_has_come_is_no_future() -> None:
    log = Log()
    batch = intake_of(log.board()).take(read_at(sent(0, 3_600), NOW + 3_600 * S))
    assert judged([batch]) == [(0, "on_time"), (1, "on_time")]
    assert log.entries == []


AHEAD = st.lists(
    st.sampled_from([0.0, 0.5, 1.0, 5.0, 11.0, 100.0, 299.0, 400.0, 10_000.0]), max_size=30
)
CUTS = st.lists(st.integers(0, 30), max_size=4)


@settings(max_examples=200, deadline=None)
@given(AHEAD, CUTS, CUTS, st.integers(0, 30))
def test_a_replay_and_a_restart_judge_as_it_was_judged(
    ahead: list[float], live_cuts: list[int], replay_cuts: list[int], restart: int
) -> None:
    """The clock goes on while the flow reads, and says something else when it is read again."""
    whole, log = sent(*ahead), Log()
    live = intake_of(log.board())
    batches = [one for one in cut(whole, live_cuts) if one.payloads]
    expected = [live.take(read_at(one, NOW + n * S)) for n, one in enumerate(batches)]

    replayed = intake_of(log.board(writes=False))
    again = [replayed.take(one) for one in cut(whole, replay_cuts) if one.payloads]
    assert judged(again) == judged(expected)
    assert replayed.state == live.state

    # What was read after the last snapshot is read again, by a later clock.
    first, rest = cut(whole, [restart])
    begun = intake_of(log.board())
    found = [begun.take(read_at(first, NOW + 40 * S))] if first.payloads else []
    state = pickle.loads(pickle.dumps(begun.state))  # noqa: S301 - made here
    resumed = intake_of(log.board(), state=state)
    if rest.payloads:
        found.append(resumed.take(read_at(rest, NOW + 20_000 * S)))
    assert judged(found) == judged(expected)
    assert resumed.state == live.state
