"""What each sign of a row pattern means, on lines of events."""

import pytest

from tests.operators.cep.timelines import SECOND, drawn, events, matcher_of, matches, pattern
from tidegauge.patterns.row_pattern import parse_rows


@pytest.mark.parametrize(
    ("match", "line", "found"),
    [
        ("a b", "ab.a.b", ["a0 b1"]),
        ("a -> b", "a.bb", ["a0 b2"]),
        ("a ->> b", "a.bb", ["a0 b2", "a0 b3"]),
        ("a b+", "abb.b", ["a0 b1", "a0 b1 b2"]),
        ("a b+[->]", "ab.b", ["a0 b1", "a0 b1 b3"]),
        ("a b{2}[->>]", "ab.bb", ["a0 b1 b3", "a0 b1 b4"]),
        ("a b? c", "ac.abc", ["a0 c1", "a3 b4 c5"]),
        ("a b* c", "ac.abbc", ["a0 c1", "a3 b4 b5 c6"]),
        ("a b{2,} c", "abc.abbc", ["a4 b5 b6 c7"]),
        ("a b{,1} c", "ac.abc.abbc", ["a0 c1", "a3 b4 c5"]),
        ("(a b){2}", "abab", ["a0 b1 a2 b3"]),
        ("(b{2})? c", "bc", ["c1"]),
        ("a !b c", "abc.ac", ["a4 c5"]),
        ("a -> !b -> c", "a.bc.a.c", ["a5 c7"]),
        ("a -> b*[->, greedy] -> bc", "abbc", ["a0 b1 b2 c3"]),
        ("a -> b+[->, until x] -> c", "abxbc", ["a0 b1 c4"]),
    ],
)
def test_signs(match: str, line: str, found: list[str]) -> None:
    assert matches(pattern(match), line) == found


def test_what_must_not_come_is_known_when_the_window_ends() -> None:
    matcher = matcher_of(pattern("a -> !b", within=5))
    assert matcher.process(events("a..ab")) == []
    assert matcher.process(events("a", start=6)) == []
    assert drawn(matcher.advance(10 * SECOND)) == []
    assert drawn(matcher.advance(11 * SECOND)) == ["a6"]


def test_an_event_at_the_end_of_the_window_is_too_late_to_prevent_a_match() -> None:
    assert matches(pattern("a -> !b", within=5), "a    b") == ["a0"]


def test_a_loop_before_what_must_not_come_can_be_left_once_an_event_was_passed_over() -> None:
    for line, found in (
        ("aa", ["a0", "a0 a1"]),
        ("aa.", ["a0", "a0 a1", "a1"]),
        ("aab", []),
    ):
        matcher = matcher_of(pattern("a{1,2}[->] -> !b", within=9))
        matcher.process(events(line))
        assert drawn(matcher.advance(60 * SECOND)) == found


def test_a_step_can_have_a_time_limit_of_its_own() -> None:
    assert matches(pattern("a -> b[within 3s]"), "a..b.a.b") == ["a5 b7"]


def test_hidden_steps_are_taken_but_not_shown() -> None:
    (found,) = matcher_of(pattern("a {- -> b -} -> c")).process(events("a.b.c"))
    assert list(found.rows()) == ["a", "c"]
    assert len(found.path) == 3


def test_steps_are_told_in_the_order_of_the_pattern() -> None:
    *_, found = matcher_of(pattern("(a? b){2}")).process(events("bab"))
    assert list(found.rows()) == ["a", "b"]


def test_hidden_steps_are_as_near_as_any_others() -> None:
    assert matches(pattern("a {- b -} c"), "a.bc.abc") == ["a5 b6 c7"]


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("NO SKIP", ["a0 b1", "a0 b1 a2", "a2 b3", "a2 b3 a4"]),
        ("SKIP PAST LAST ROW", ["a0 b1", "a2 b3"]),
        ("SKIP TO NEXT ROW", ["a0 b1", "a2 b3"]),
        ("SKIP TO LAST b", ["a0 b1", "a2 b3"]),
        ("SKIP TO FIRST b", ["a0 b1", "a2 b3"]),
    ],
)
def test_after_a_match(after: str, found: list[str]) -> None:
    define = {name: f"kind = '{name[0]}'" for name in ("a", "b", "a2")}
    made = parse_rows("p", "a b a2?", define, after_match=after)
    assert matches(made, "ababa") == found
