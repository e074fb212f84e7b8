"""Patterns that make no sense are refused with one clear line."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from operators.cep.builder import chain, one_of, pattern_of
from operators.cep.matcher import Matcher
from tests.operators.cep.timelines import COLUMNS
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

START = pattern_of("p").begin("a")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: START.next("a").build(), "two steps are called a"),
        (lambda: START.not_followed_by("n").build(), "n: .*needs a window"),
        (lambda: START.next("b").skip_to_last("c").build(), "skip to 'c'.*allowed: a, b"),
        (lambda: START.times(0).build(), "a: 0 to 0 times"),
        (lambda: START.times(3, 2).build(), "a: 3 to 2 times"),
        (lambda: START.not_next("n").optional().next("b").build(), "n: .*no quantifier"),
        (lambda: START.not_next("n").one_or_more().next("b").build(), "n: .*no quantifier"),
        (lambda: START.until("kind = 'b'").build(), "a: until needs a loop"),
        (lambda: START.optional().not_next("n").next("b").build(), "n: .*optional"),
        (lambda: START.one_or_more().consecutive().allow_combinations().build(), "exclude"),
        (lambda: START.consecutive().build(), "a: .*number of times"),
        (lambda: START.greedy().build(), "a: .*number of times"),
        (lambda: START.one_or_more().greedy().allow_combinations().build(), "a: greedy"),
        (lambda: START.next(chain().begin("b")).one_or_more().greedy().build(), "group.*greedy"),
        (lambda: START.one_or_more().greedy().next("b").optional().build(), "b: an optional"),
        (lambda: pattern_of("p").build(), "needs a step"),
        (lambda: pattern_of("p").not_next("n").build(), "needs a step"),
        (lambda: pattern_of("p").one_or_more(), "begin"),
        (lambda: START.begin("b"), "begin is for the first step"),
        (lambda: START.not_next(chain().begin("n")).build(), "single step"),  # type: ignore[arg-type]  # the mistake that is tested
        (lambda: one_of(chain().begin("b")), "two sequences"),
        (lambda: START.next("b").within_previous(timedelta()).build(), "b: within"),
        (
            lambda: (
                START.next("b")
                .within_previous(timedelta(seconds=2))
                .within(timedelta(seconds=1))
                .build()
            ),
            "b: its own time limit is longer",
        ),
    ],
)
def test_built_in_python(build: Callable[[], object], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        build()


@pytest.mark.parametrize(
    ("match", "message"),
    [
        ("", "expected a step"),
        ("a ->", "at its end: expected a step"),
        ("(a b", r"expected '\)'"),
        ("a b)", "expected the end"),
        ("a % b", "cannot be read at '% b'"),
        ("^a b", r"\^ has no meaning in a stream"),
        ("a b$", r"\$ has no meaning in a stream"),
        ("a b+?", "every match is found"),
        ("a b[->]", "needs a quantifier"),
        ("a b+[until stop]", "no condition of that name"),
        ("a b[within soon]", "no duration"),
        ("a !n+ b", "n: a negative step has no quantifier"),
        ("a ->> !n -> b", "write -> before"),
        ("-> a", "cannot begin with an arrow"),
        ("a {- b {- c -} -}", "within"),
        ("a" + "(" * 30, "brackets"),
    ],
)
def test_written_as_text(match: str, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        parse_rows("p", match, {})


def test_a_definition_that_nobody_uses_is_refused() -> None:
    with pytest.raises(PatternError, match="define has c, which is not in the pattern"):
        parse_rows("p", "a b", {"c": "amount > 1"})


def test_what_follows_a_match_must_be_known() -> None:
    with pytest.raises(PatternError, match="after match 'SKIP SOME'"):
        parse_rows("p", "a b", {}, after_match="SKIP SOME")


def condition(sql: str) -> Pattern:
    return parse_rows("p", "a b", {"b": sql})


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("amuont > 1", "unknown column 'amuont'.*did you mean amount"),
        ("amount > LAST(c.amount)", "unknown step 'c'"),
        ("amount > a.amount", r"which of the events taken for a\? Write LAST\(a.amount\)"),
        ("amount > SUM(amount)", "belongs to one step"),
        ("amount > COUNT(*)", "say of which step"),
        ("amount + LAST(a.amount)", "not a condition"),
        ("LAST(a.kind) > amount", "string"),
        ("SUM(a.kind) > 1", "SUM needs numbers"),
        ("FLOOR(LAST(a.kind)) = 1", "FLOOR needs numbers"),
    ],
)
def test_conditions_that_cannot_be_compiled(sql: str, message: str) -> None:
    with pytest.raises(PatternError, match=message):
        Matcher([condition(sql)], COLUMNS)


def test_two_patterns_of_one_name_are_refused() -> None:
    with pytest.raises(PatternError, match="two patterns are called p"):
        Matcher([condition("amount > 1"), condition("amount > 2")], COLUMNS)


def test_too_many_positions_are_refused() -> None:
    with pytest.raises(PatternError, match="more than 5,000 positions"):
        Matcher([parse_rows("p", "(a{100}){100}", {})], COLUMNS)


def test_too_many_conditions_are_refused() -> None:
    steps = [f"s{number}" for number in range(70)]
    define = {step: f"amount > {number}" for number, step in enumerate(steps)}
    with pytest.raises(PatternError, match="more than 62 different conditions"):
        Matcher([parse_rows("p", " ".join(steps), define)], COLUMNS)
