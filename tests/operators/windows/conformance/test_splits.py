"""How the input is cut and spread changes nothing: the records are of the log alone."""

import random
from collections.abc import Sequence

import pytest

from tests.operators.windows.conformance.flow import (
    FEW,
    Step,
    assert_given,
    assert_same,
    judged,
    log,
    plan_of,
    records,
    run,
)
from tests.operators.windows.conformance.kinds import KINDS, Kind
from tests.operators.windows.reference import SELECT, Event

KEYS = ["k", "j"]
LOG: list[Step] = [step for step in log(11, 60) if step[1] != "idle"]
JUDGE = judged(LOG, 3)


def cut(steps: Sequence[Step], rng: random.Random) -> list[Step]:
    """The same partitions in other batches, read in another order."""
    left: dict[int, list[Event]] = {}
    for number, events in steps:
        left.setdefault(number, []).extend(events)  # type: ignore[arg-type]  # none is idle
    made: list[Step] = []
    while left:
        number = rng.choice(sorted(left))
        size = rng.choice([1, 2, 5, 20])
        made.append((number, [dict(event) for event in left[number][:size]]))
        left[number] = left[number][size:]
        if not left[number]:
            del left[number]
    return made


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_any_batches_in_any_order_of_the_partitions_give_the_same(kind: Kind, seed: int) -> None:
    plan = plan_of(kind, by=KEYS, select=FEW)
    flow = run([plan], cut(LOG, random.Random(seed)), partitions=3)
    assert_given(records(flow.records, KEYS), kind.expected(JUDGE, KEYS))
    assert flow.dead == JUDGE.dead


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_aggregate_is_right_in_every_result(kind: Kind) -> None:
    some = LOG[:20]
    flow = run([plan_of(kind, by=["k"], select=SELECT)], some, partitions=3)
    assert_given(records(flow.records, ["k"]), kind.expected(judged(some, 3), ["k"]))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_several_key_groups_give_the_same(kind: Kind) -> None:
    plan = plan_of(kind, by=KEYS, select=FEW)
    flow = run([plan], LOG, partitions=3, key_groups=4)
    assert_given(records(flow.records, KEYS), kind.expected(JUDGE, KEYS))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_stream_whose_partitions_are_read_one_after_the_other_gives_the_same(kind: Kind) -> None:
    plan = plan_of(kind, by=["k"])
    flow = run([plan], LOG, partitions=3)
    in_turn = run([plan], sorted(LOG, key=lambda step: step[0]), partitions=3)
    assert_same(records(in_turn.records, ["k"]), records(flow.records, ["k"]))


def test_windows_of_all_kinds_beside_each_other_give_the_same() -> None:
    named = {f"w{number}": kind for number, kind in enumerate(KINDS)}
    plans = [plan_of(kind, name=name, by=["k"]) for name, kind in named.items()]
    flow = run(plans, LOG, partitions=3)
    for name, kind in named.items():
        assert_given(records(flow.records, ["k"], name), kind.expected(JUDGE, ["k"]))
