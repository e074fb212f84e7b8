"""The matcher finds what a slow one finds that follows the meaning word by word."""

import pickle
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from operators.cep.matcher import Matcher
from tests.fuzz import times
from tests.operators.cep.generated import (
    CARRY,
    COLUMNS,
    Generated,
    Told,
    event_lists,
    expected,
    frame_of,
    patterns,
    sound,
    told,
)
from tests.operators.cep.reference import Event

END = 1_000
slow = settings(
    max_examples=times(40),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def matcher_of(generated: Generated, *, keyed: bool = False) -> Matcher:
    return Matcher(
        [generated.pattern],
        COLUMNS,
        by=["key"] if keyed else [],
        carry=CARRY,
        timeouts=True,
    )


def found(matcher: Matcher, events: list[Event], cuts: list[int] | None = None) -> Told:
    """Results of the events in batches that end at `cuts`, then of the end of time."""
    results = []
    frame = frame_of(events)
    start = 0
    for cut in [*(cuts or []), len(events)]:
        results += matcher.process(frame[start:cut])
        start = cut
    return told(results) + told(matcher.advance(END))


def in_order(results: Told) -> list[str]:
    return sorted(map(repr, results))


@slow
@given(patterns(), event_lists())
def test_it_finds_what_the_reference_finds(generated: Generated, events: list[Event]) -> None:
    assume(sound(generated))
    results = found(matcher_of(generated), events)
    assert in_order(results) == in_order(expected(generated, events, END, keyed=False))


@slow
@given(patterns(dynamic=True), event_lists())
def test_conditions_over_what_was_taken_mean_the_same(
    generated: Generated, events: list[Event]
) -> None:
    assume(sound(generated))
    results = found(matcher_of(generated), events)
    assert in_order(results) == in_order(expected(generated, events, END, keyed=False))


@slow
@given(patterns(), event_lists(most=14))
def test_keys_are_independent(generated: Generated, events: list[Event]) -> None:
    assume(sound(generated))
    results = found(matcher_of(generated, keyed=True), events)
    assert in_order(results) == in_order(expected(generated, events, END, keyed=True))


@slow
@given(patterns(dynamic=True), event_lists(), st.data())
def test_any_split_into_batches_gives_the_same(
    generated: Generated, events: list[Event], data: st.DataObject
) -> None:
    assume(sound(generated))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(events)), max_size=4)))
    whole = found(matcher_of(generated, keyed=True), events)
    assert found(matcher_of(generated, keyed=True), events, cuts) == whole


@slow
@given(st.booleans().flatmap(lambda dynamic: patterns(dynamic=dynamic)), event_lists())
def test_going_on_after_a_stop_at_any_point_gives_the_same(
    generated: Generated, events: list[Event]
) -> None:
    assume(sound(generated))
    whole = found(matcher_of(generated), events)
    frame = frame_of(events)
    results = []
    matcher = matcher_of(generated)
    for at in range(len(events)):
        results += matcher.process(frame[at : at + 1])
        saved = pickle.dumps(matcher.snapshot())
        matcher = matcher_of(generated)
        assert matcher.restore(pickle.loads(saved)) == []  # noqa: S301 - our own
    assert told(results) + told(matcher.advance(END)) == whole


@slow
@given(st.lists(patterns(dynamic=True), min_size=2, max_size=3), event_lists())
def test_a_pattern_finds_the_same_beside_others(
    several: list[Generated], events: list[Event]
) -> None:
    assume(all(sound(generated) for generated in several))
    named = [
        replace(generated, pattern=replace(generated.pattern, name=f"p{number}"))
        for number, generated in enumerate(several)
    ]
    together = Matcher(
        [generated.pattern for generated in named], COLUMNS, by=["key"], carry=CARRY, timeouts=True
    )
    results = [*together.process(frame_of(events)), *together.advance(END)]
    for generated in named:
        own = [result for result in results if result.pattern == generated.pattern.name]
        assert told(own) == found(matcher_of(generated, keyed=True), events)
