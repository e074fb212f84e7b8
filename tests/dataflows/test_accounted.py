"""Every event is in exactly one of window, correction, letter and filter, and a replay agrees."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataflows.growing import Broker, Left, Run, left, read_in_all
from tests.fuzz import times

SECONDS = st.integers(0, 90)
EVENT = st.tuples(st.integers(0, 3), SECONDS, st.sampled_from([True, True, True, False]))
PHASE = st.fixed_dictionaries(
    {
        "events": st.lists(EVENT, max_size=25),
        "new": st.lists(st.lists(SECONDS, max_size=8), max_size=1),
        "bound_s": st.sampled_from([0, 0, 3, 40]),
        "batch_size": st.sampled_from([1, 3, 50]),
        "grow_at": st.none() | st.integers(1, 60),
        "grown": st.lists(SECONDS, max_size=8),
        "linger": st.sampled_from([0, 5, 40]),
        "fail_at": st.none() | st.none() | st.integers(1, 60),
    }
)


def play(
    phases: list[dict[str, Any]], store: Path, start: str = "earliest"
) -> tuple[Broker, list[Any]]:
    """Runs one after the other, the last of them to the end of all."""
    broker, records, bound_s = Broker([[], []]), [], 0
    failed = False
    for phase in phases:
        for partition, second, wanted in phase["events"]:
            broker.append(partition % len(broker.logs), second, wanted=wanted)
        for seconds in phase["new"]:
            broker.logs.append([])
            for second in seconds:
                broker.append(len(broker.logs) - 1, second)
        # What a run that failed has stored stays; another bound would judge the same otherwise.
        bound_s = bound_s if failed else phase["bound_s"]
        rest = {
            name: phase[name] for name in ("batch_size", "grow_at", "grown", "linger", "fail_at")
        }
        run = Run(broker, bound_s, start=start, **rest)
        records += run.go(store)
        failed = run.done_at is None
    records += Run(broker, bound_s, linger=1, start=start).go(store)
    records += Run(broker, bound_s, bounded=True, start=start).go(store)
    return broker, records


def check(broker: Broker, found: Left) -> None:
    """Every event is in one place, and in the same one of every window."""
    assert not found.lost
    late = {number for number, place in broker.fates.items() if place in found.letters}
    windows = [found.results[name] for name in ("tumbling", "session", "cumulative")]
    assert windows[0] == windows[1] == windows[2]
    taken = windows[0]
    assert not late & broker.unwanted
    assert not taken.keys() & (late | broker.unwanted)
    assert taken.keys() | late | broker.unwanted == broker.fates.keys()
    on_time = {number for number, revision in taken.items() if not revision}
    for name in ("counted", "seen"):
        assert found.results[name].keys() == on_time


@settings(max_examples=times(12))
@given(st.lists(PHASE, min_size=1, max_size=4), st.sampled_from([1, 4, 99]))
def test_every_event_is_in_one_place_and_a_replay_agrees(
    phases: list[dict[str, Any]], batch_size: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        broker, records = play(phases, Path(folder) / "recovery")
    found = left(records)
    check(broker, found)
    assert set(read_in_all(records).values()) == {len(broker.fates)}
    replay = Run(broker, bounded=True, batch_size=batch_size)
    assert left(replay.go(None, replayed=True)) == found
