"""What session windows hold, and what they do with events that come when all is over."""

from typing import Any

import pytest

from operators.windows.sessions.state import SessionState
from tests.operators.windows.conformance.flow import BOUND, LATENESS, SOURCE, GroupFlow, plan_of
from tests.operators.windows.conformance.kinds import Kind, session
from tidegauge.batch import PartitionState

SHORT = Kind("short", {"session": {"gap": "4ms"}}, session(4))


def held(flow: GroupFlow) -> int:
    """Pieces of sessions in all."""
    found = 0
    for group in flow.groups:
        for bounded in group._states.values():
            state = bounded.state
            assert isinstance(state, SessionState)
            found += len(state._open) + len(state._given) + len(state._corrections)
    return found


def test_a_session_that_goes_on_for_ever_is_one_piece_when_it_is_saved() -> None:
    flow = GroupFlow(SOURCE, [plan_of(SHORT, by=["k"])])
    for ts in range(0, 300, 2):
        flow.events(0, [{"ts": ts, "k": key} for key in "ab"])
    flow.resume()
    assert held(flow) == 2


def test_sessions_are_held_for_the_lateness_and_no_longer() -> None:
    flow = GroupFlow(SOURCE, [plan_of(SHORT, by=["k"])])
    for number in range(40):
        flow.events(0, [{"ts": 10 * number, "k": str(number)}])
        assert held(flow) <= LATENESS // 10 + 3


def test_on_time_events_behind_the_watermark_correct_what_they_can() -> None:
    """They come where a partition wakes in another process, which does not know what passed."""
    flow = GroupFlow(SOURCE, [plan_of(SHORT)], partitions=2)
    flow.events(0, [{"ts": 0}])
    flow.quiet(1, PartitionState.IDLE)
    flow.events(0, [{"ts": 20}])
    waking = GroupFlow(SOURCE, [plan_of(SHORT)], partitions=2)
    waking.events(1, [{"ts": 12}, {"ts": 1}])
    flow.take(waking.batches[0])
    flow.events(1, [{"ts": 40}])
    flow.events(0, [{"ts": 40}])
    flow.finish()
    found = {
        (row["start_ns"] // 10**6, row["revision"], row["n"])
        for row in flow.frame().iter_rows(named=True)
    }
    assert found == {(0, 0, 1), (20, 0, 1), (40, 0, 2), (12, 1, 1)}
    assert flow.frame().height == 4
    assert flow.dropped == 1


@pytest.mark.parametrize(("behind_ms", "over"), [(5, True), (4, True), (3, False)])
def test_a_session_is_over_when_its_gap_and_the_lateness_have_passed(
    *, behind_ms: int, over: bool
) -> None:
    """A partition wakes in a process that does not know what has passed."""
    last_ms = 40 - LATENESS - behind_ms
    flow = GroupFlow(SOURCE, [plan_of(SHORT)], partitions=2)
    flow.events(0, [{"ts": 0}])
    flow.quiet(1, PartitionState.IDLE)
    flow.events(0, [{"ts": 40 + BOUND}])
    waking = GroupFlow(SOURCE, [plan_of(SHORT)], partitions=2)
    waking.events(1, [{"ts": last_ms}])
    flow.take(waking.batches[0])
    lost = flow.dropped
    flow.events(1, [{"ts": 90}])
    flow.events(0, [{"ts": 90}])
    flow.finish()
    found = {row["start_ns"] // 10**6 for row in flow.frame().iter_rows(named=True)}
    assert (lost == 1) is over
    assert (last_ms in found) is not over


def test_a_key_without_a_value_has_sessions_too() -> None:
    flow = GroupFlow(SOURCE, [plan_of(SHORT, by=["k", "j"])])
    events: list[dict[str, Any]] = [{"ts": 1, "k": None, "j": 1}, {"ts": 2, "k": None, "j": None}]
    flow.events(0, [*events, {"ts": 3, "k": None, "j": 1}])
    flow.finish()
    assert sorted(flow.frame()["n"].to_list()) == [1, 2]
