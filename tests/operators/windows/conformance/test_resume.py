"""A saved state is all there is to know: a flow that goes on from one gives what is left."""

import pickle

import pytest

from operators.windows.group import WindowGroup
from tests.operators.windows.conformance.flow import (
    FEW,
    SOURCE,
    GroupFlow,
    Step,
    assert_given,
    assert_same,
    judged,
    log,
    plan_of,
    records,
)
from tests.operators.windows.conformance.kinds import KINDS, SUPERSEDED, Kind
from tidegauge.errors import UserMistake

LOG: list[Step] = [step for step in log(1, 50) if step[1] != "idle"]
"""Without silence: after a restart every partition counts as one that may have more to come."""
JUDGE = judged(LOG, 3)


def test_the_log_has_something_of_everything() -> None:
    assert len(JUDGE.on_time) > 30
    assert len(JUDGE.corrections) > 5
    assert JUDGE.dead > 2
    sessions = next(kind for kind in KINDS if kind.name == "session")
    states = [place[-1] for place in sessions.expected(JUDGE, ["k"])]
    assert states.count(SUPERSEDED) > 2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_pickled_and_resumed_after_every_batch_the_records_are_the_same(kind: Kind) -> None:
    plan = plan_of(kind, by=["k"], select=FEW)
    flow = GroupFlow(SOURCE, [plan], partitions=3, key_groups=2)
    for number, events in LOG:
        flow.step(number, events)
        flow.resume()
    flow.finish()
    assert_given(records(flow.records, ["k"]), kind.expected(JUDGE, ["k"]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_resumed_at_any_cut_point_the_rest_is_the_same(kind: Kind) -> None:
    plan = plan_of(kind, by=["k"])
    flow = GroupFlow(SOURCE, [plan], partitions=3)
    cuts: list[tuple[int, int, bytes]] = []
    for number, events in LOG:
        flow.step(number, events)
        cuts.append((len(flow.batches), len(flow.records), flow.saved()))
    flow.finish()
    for batches, made, saved in cuts:
        resumed = GroupFlow(SOURCE, [plan], partitions=3)
        resumed.restore(saved)
        rest = [record for batch in flow.batches[batches:] for record in resumed.take(batch)]
        assert_same(records(rest, ["k"]), records(flow.records[made:], ["k"]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_saved_state_does_not_change_with_what_comes_after_it(kind: Kind) -> None:
    flow = GroupFlow(SOURCE, [plan_of(kind, by=["k"])], partitions=3)
    for number, events in LOG[: len(LOG) // 2]:
        flow.step(number, events)
    saved = flow.groups[0].snapshot()
    before = pickle.dumps(saved)
    for number, events in LOG[len(LOG) // 2 :]:
        flow.step(number, events)
    assert pickle.dumps(saved) == before


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_state_of_a_window_that_was_declared_otherwise_is_refused(kind: Kind) -> None:
    other = next(each for each in KINDS if each.declared != kind.declared)
    saved = WindowGroup([plan_of(other)], lambda: 0, None).snapshot()
    with pytest.raises(UserMistake, match="window 'w' had another kind or size"):
        WindowGroup([plan_of(kind)], lambda: 0, saved)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_held_does_not_grow_with_time(kind: Kind) -> None:
    plan = plan_of(kind, by=["k"])
    sizes = []
    for length in (16, 48):
        flow = GroupFlow(SOURCE, [plan])
        for step in range(length):
            flow.step(0, [{"ts": 2 * step + at, "k": key} for at, key in ((0, "a"), (-6, "b"))])
        sizes.append(len(flow.saved()))
    assert sizes[1] < 1.2 * sizes[0]
