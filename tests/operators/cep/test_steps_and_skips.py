"""Time limits of single steps, and matches of one event under each skip strategy."""

import pytest

from operators.cep.results import Kind
from tests.operators.cep.timelines import SECOND, drawn, events, matcher_of, matches, pattern


@pytest.mark.parametrize(
    ("match", "line", "found"),
    [
        ("a -> b[within 3s]", "a.b", ["a0 b2"]),
        ("a -> b[within 3s]", "a..b", []),
        ("a -> b[within 3s]", "a..a.b", ["a3 b5"]),
        ("a b[within 1s]", "ab", []),
        ("a b[within 2s]", "ab", ["a0 b1"]),
        ("a -> b -> c[within 3s]", "a...b.c", ["a0 b4 c6"]),
        ("a -> b -> c[within 3s]", "ab...c", []),
        ("a -> b[within 3s] -> c", "ab....c", ["a0 b1 c6"]),
        ("a+[->] -> b[within 3s]", "a..ab", ["a3 b4"]),
        ("a+[->] -> b[within 4s]", "a..ab", ["a0 a3 b4", "a3 b4"]),
        ("a{2}[->] -> b[within 3s]", "a....ab", ["a0 a5 b6"]),
        ("(a -> b[within 3s])+[->] -> c", "ab...ab.c", ["a0 b1 a5 b6 c8", "a0 b1 c8", "a5 b6 c8"]),
    ],
)
def test_a_step_is_taken_less_than_its_limit_after_the_event_before(
    match: str, line: str, found: list[str]
) -> None:
    assert sorted(matches(pattern(match), line)) == sorted(found)


def test_a_run_whose_step_does_not_come_in_time_times_out_then() -> None:
    matcher = matcher_of(pattern("a -> b -> c[within 3s]", within=20), timeouts=True)
    assert matcher.process(events("a.b")) == []
    assert matcher.advance(5 * SECOND - 1) == []
    (ended,) = matcher.advance(5 * SECOND)
    assert (ended.kind, ended.time_ns) == (Kind.TIMEOUT, 5 * SECOND)
    assert drawn([ended], Kind.TIMEOUT) == ["a0 b2"]
    assert matcher.idle


def test_each_run_has_the_limit_of_its_own_last_event() -> None:
    matcher = matcher_of(pattern("a -> b[within 3s]", within=20), timeouts=True)
    ends = [one.time_ns // SECOND for one in matcher.process(events("aa.a....."))]
    assert ends == [3, 4, 6]


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("SKIP TO NEXT ROW", ["a0 b2 b3 c4", "a1 b2 b3 c4"]),
        ("SKIP PAST LAST ROW", ["a0 b2 b3 c4"]),
        ("SKIP TO FIRST b", ["a0 b2 b3 c4"]),
        ("SKIP TO LAST b", ["a0 b2 b3 c4"]),
        ("SKIP TO FIRST a", ["a0 b2 b3 c4", "a0 b2 c4", "a0 b3 c4"]),
    ],
)
def test_what_a_match_removes_of_those_that_end_at_the_same_event(
    after: str, found: list[str]
) -> None:
    assert matches(pattern("a ->> b+[->>] -> c", after=after), "aabbc") == found


def test_to_the_next_row_means_no_other_match_with_the_same_first_event() -> None:
    """Also when that ends at the same event, and has taken the same ones."""
    made = pattern("a -> (b | c d)", after="SKIP TO NEXT ROW")
    assert matches(made, "acdb") == ["a0 c1 d2"]
    assert matches(made, "aacdb") == ["a0 c2 d3", "a1 c2 d3"]
    assert matches(pattern("a (b | bc)"), "ab") == ["a0 b1", "a0 b1"]
    assert matches(pattern("a (b | bc)", after="SKIP TO NEXT ROW"), "ab") == ["a0 b1"]


def test_a_match_waits_for_earlier_runs_and_goes_before_later_ones() -> None:
    matcher = matcher_of(pattern("(a d | b c)", within=9, after="SKIP TO NEXT ROW"))
    assert drawn(matcher.process(events("bcad"))) == ["b0 c1", "a2 d3"]
    matcher = matcher_of(pattern("(a -> d | b -> c)", within=9, after="SKIP TO NEXT ROW"))
    assert drawn(matcher.process(events("abcbc"))) == []
    assert drawn(matcher.process(events("d", start=5))) == ["a0 d5", "b1 c2", "b3 c4"]
    matcher = matcher_of(pattern("(a -> d | b -> c)", within=9, after="SKIP PAST LAST ROW"))
    assert drawn(matcher.process(events("abcbcd"))) == ["a0 d5"]


@pytest.mark.parametrize(
    ("match", "line", "found"),
    [
        ("ab+[->, greedy] -> a", "bnan", []),
        ("ab+[->, greedy, until n] -> a", "bnan", ["b0 a2"]),
        ("ab+[->, greedy, until n] -> a", "bxnan", []),
        ("a bc*[greedy] -> b", "acbnn", []),
        ("a bc*[greedy, until c] -> b", "acbnn", ["a0 b2"]),
    ],
)
def test_a_greedy_step_whose_end_comes_first_leaves_the_events_after_it(
    match: str, line: str, found: list[str]
) -> None:
    assert matches(pattern(match, within=50), line) == found
