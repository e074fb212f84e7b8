"""What must not come at the end of a pattern counts in brackets, too."""

import pytest

from operators.cep.results import Kind, Result
from tests.operators.cep.timelines import SECOND, drawn, events, matcher_of, pattern
from tidegauge.patterns.checks import PatternError

LINES = [
    "a",
    "a.n",
    "an",
    "a......n",
    "a.a",
    "aa.n",
    "a.xy",
    "xy",
    "xy.n",
    "axyn",
    "aba.bn",
    "am.n",
]


def results(match: str, line: str, after: str = "NO SKIP") -> list[Result]:
    matcher = matcher_of(pattern(match, within=5, after=after), timeouts=True)
    return matcher.process(events(line)) + matcher.advance(100 * SECOND)


def told(match: str, line: str) -> list[tuple[str, str]]:
    found = results(match, line)
    return [(str(kind), text) for kind in Kind for text in drawn(found, kind)]


@pytest.mark.parametrize(
    ("bare", "grouped"),
    [
        ("a -> !n", "(a -> !n)"),
        ("a -> !n", "((a -> !n))"),
        ("a -> !n", "(a -> !n){1}"),
        ("a -> !n", "(a) -> !n"),
        ("a -> b -> !n", "a -> (b -> !n)"),
        ("a -> b -> !n", "(a -> (b -> !n))"),
        ("a !n", "(a !n)"),
        ("a !m -> !n", "(a !m) -> !n"),
        ("a -> !n -> !m", "((a -> !n) -> !m)"),
        ("a -> !n !m", "(a -> !n) !m"),
        ("a+[->] -> !n", "(a+[->] -> !n)"),
        ("a+[->] -> !n", "(a -> !n)+[->]"),
        ("a -> !n[within 3s]", "(a -> !n[within 3s])"),
        ("a -> !n -> b", "(a -> !n) -> b"),
    ],
)
def test_brackets_around_a_negation_change_nothing(bare: str, grouped: str) -> None:
    for line in LINES:
        assert told(grouped, line) == told(bare, line), line


@pytest.mark.parametrize(
    ("match", "line", "found"),
    [
        ("(x y | a -> !n)", "a", ["a0"]),
        ("(x y | a -> !n)", "a.n", []),
        ("(x y | a -> !n)", "xyn", ["x0 y1"]),
        ("(a -> !n | x y)", "a.n", []),
        ("(a -> !n)+", "a.n", []),
        ("(a -> !n)+", "a.", ["a0"]),
        ("(a -> !n)+[->]", "a.a.", ["a0", "a0 a2", "a2"]),
        ("(a -> !n)+[->]", "a.a.n", []),
        ("(a -> !n){2}[->]", "a.a", ["a0 a2"]),
        ("(a -> !n){2}[->]", "ana", []),
        ("(a -> !n){2}[->]", "a.an", []),
        ("a (b -> !n)?", "ab", ["a0", "a0 b1"]),
        ("a (b -> !n)?", "ab.n", ["a0"]),
        ("a -> (b -> !n | c)", "a.bn", []),
        ("a -> (b -> !n | c)", "a.cn", ["a0 c2"]),
        ("a -> !n !m", "a.n", []),
        ("a -> !n !m", "am", []),
        ("a -> !n !m", "a.m", ["a0"]),
    ],
)
def test_it_ends_the_runs_that_end_with_it_and_no_others(
    match: str, line: str, found: list[str]
) -> None:
    assert drawn(results(match, line)) == found


def test_a_match_that_waits_in_brackets_is_told_when_the_wait_is_over() -> None:
    matcher = matcher_of(pattern("x | (a -> !n)", within=5))
    assert drawn(matcher.process(events("a.x"))) == ["x2"]
    assert matcher.advance(5 * SECOND - 1) == []
    assert drawn(matcher.advance(5 * SECOND)) == ["a0"]


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("(a -> !n)", "n: a pattern that ends with what must not follow needs a window"),
        ("(a -> !n)+", "n: a pattern that ends"),
        ("a (b -> !n)?", "n: a pattern that ends"),
        ("(x y | a -> !n)", "n: a pattern that ends"),
        ("a -> (b | (c -> !n))", "n: a pattern that ends"),
        ("a -> !n !m", "n: a pattern that ends"),
        ("(a -> !n) !m", "n: a pattern that ends"),
        ("a -> !n[within 5s] -> b", "n: a time limit of what must not come counts at the end"),
        ("(a -> !n[within 5s]) -> b", "n: a time limit"),
        ("a -> !n[within 5s] -> !m[within 9s]", "n: a time limit"),
        ("a -> !n !m[within 5s]", "m: only the next event must not be this"),
        ("a (b? c?) -> !n -> d", "n: a negative step cannot follow an optional one"),
    ],
)
def test_what_cannot_be_meant_is_refused(match: str, says: str) -> None:
    with pytest.raises(PatternError, match=says):
        pattern(match)


@pytest.mark.parametrize(
    "match", ["(a -> !n[within 5s])", "(x y | a -> !n[within 5s])", "(a !n)", "(a -> !n) -> b"]
)
def test_what_has_its_own_end_needs_no_window(match: str) -> None:
    assert pattern(match).within_ns is None


def test_a_match_is_found_though_a_later_run_ends_at_the_same_event() -> None:
    """Both share a node until the window of the first one is over."""
    found = results("a? ab -> !abc", "aa", after="SKIP PAST LAST ROW")
    assert drawn(found) == ["a0 a1"]
    assert drawn(found, Kind.TIMEOUT) == []
