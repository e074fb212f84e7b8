"""Runs share what they took."""

import pickle

from operators.cep.buffer import reachable
from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from tests.operators.cep.timelines import events, matcher_of, matches, pattern

MANY = Limits(runs=10_000_000)


def nodes_held(matcher: Matcher) -> int:
    ((runs,),) = ([*of_key.values()] for of_key in matcher.live.values())
    return len(reachable(runs.alive(), runs.floor))


def test_a_loop_over_a_thousand_events_has_a_thousand_nodes() -> None:
    matcher = matcher_of(pattern("b+ -> c"), limits=MANY)
    assert matcher.process(events("b" * 1_000)) == []
    assert nodes_held(matcher) == 1_000


def test_every_run_through_shared_nodes_is_a_match() -> None:
    found = matches(pattern("b+ -> c"), "b" * 60 + "c")
    assert len(found) == len(set(found)) == 60 * 61 // 2


def test_combinations_share_nodes_too() -> None:
    matcher = matcher_of(pattern("a ->> b{,9}[->>] -> c"))
    matcher.process(events("a" + "b" * 9))
    assert nodes_held(matcher) <= 9 * 9 + 1
    assert len(matcher.process(events("c", start=10))) == 2**9


def test_what_no_run_needs_is_let_go() -> None:
    matcher = matcher_of(pattern("b+[->] -> c", within=10))
    for start in range(0, 2_000, 100):
        matcher.process(events("b" * 100, start=start))
        assert nodes_held(matcher) <= 10
    (of_key,) = matcher.live.values()
    assert of_key[0].made <= 2 * 10 + 64 + 1


def test_a_long_loop_can_be_saved() -> None:
    made = pattern("b+ -> c")
    matcher = matcher_of(made, limits=MANY)
    matcher.process(events("b" * 3_000))
    again = matcher_of(made, limits=MANY)
    again.restore(pickle.loads(pickle.dumps(matcher.snapshot())))  # noqa: S301 - our own
    assert nodes_held(again) == 3_000
