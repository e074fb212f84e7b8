"""What a key holds is bounded, and what is given up is told."""

from operators.cep.limits import Limits
from operators.cep.results import Counts, Kind
from tests.operators.cep.timelines import SECOND, drawn, events, matcher_of, pattern


def test_the_oldest_runs_are_given_up_and_told() -> None:
    matcher = matcher_of(pattern("a -> b"), limits=Limits(runs=3))
    results = matcher.process(events("aaaaab"))
    dropped = [result for result in results if result.kind is Kind.DROPPED]
    assert [(gone.time_ns, gone.runs, gone.reason) for gone in dropped] == [
        (0, 1, "partial matches"),
        (1 * SECOND, 1, "partial matches"),
    ]
    assert drawn(results) == ["a2 b5", "a3 b5", "a4 b5"]


def test_combinations_do_not_explode() -> None:
    matcher = matcher_of(pattern("a ->> b+[->>] -> c"), limits=Limits(runs=1_000))
    results = matcher.process(events("a" + "b" * 40))
    assert [result.runs for result in results] == [1_024]
    assert matcher.idle


def test_taken_events_are_bounded() -> None:
    matcher = matcher_of(pattern("a b+ c"), limits=Limits(nodes=100))
    results = matcher.process(events("a" + "b" * 500 + "c"))
    assert [result.reason for result in results] == ["buffered events"]
    assert matcher.idle


def test_what_is_held_and_what_was_given_up_is_counted() -> None:
    made = pattern("a -> b", within=9)
    matcher = matcher_of(made, limits=Limits(runs=3), timeouts=True)
    matcher.process(events("aaaaa"))
    assert matcher.held() == (1, 3, 3, 0)
    matcher.process(events("b", start=5))
    matcher.process(events("a", start=6))
    matcher.advance(60 * SECOND)
    again = matcher_of(made)
    again.restore(matcher.snapshot())
    assert again.counts == matcher.counts == {"p": Counts(matches=3, timeouts=1, dropped=2)}
    assert matcher.held() == (0, 0, 0, 0)


def test_within_the_limits_nothing_is_given_up() -> None:
    matcher = matcher_of(pattern("a -> b"), limits=Limits(runs=5))
    results = matcher.process(events("aaaaab"))
    assert len(drawn(results)) == len(results) == 5


def test_what_a_limit_gave_up_does_not_depend_on_batches() -> None:
    made, frame = pattern("a ->> b+[->>] -> c"), events("abbbababbbabbbbc" * 3)
    whole = matcher_of(made, limits=Limits(runs=40))
    parts = matcher_of(made, limits=Limits(runs=40))
    pieces = [result for part in frame.iter_slices(1) for result in parts.process(part)]
    told = whole.process(frame)
    assert [(r.kind, r.runs, r.time_ns) for r in told] == [
        (r.kind, r.runs, r.time_ns) for r in pieces
    ]
    assert any(result.kind is Kind.DROPPED for result in told)
