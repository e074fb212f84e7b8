"""One of several sequences: `a (b | c d) e`."""

from hypothesis import given, settings
from hypothesis import strategies as st

from operators.cep.builder import chain, one_of, pattern_of
from tests.operators.cep.timelines import matches, pattern

lines = st.text("abcd.", max_size=10)


def test_either_branch_makes_a_match() -> None:
    assert matches(pattern("a (b | c d) e"), "abe.acde.ace") == ["a0 b1 e2", "a4 c5 d6 e7"]


def test_both_branches_may_fit_one_event() -> None:
    assert sorted(matches(pattern("a (b | bc)"), "ab")) == ["a0 b1", "a0 b1"]


def test_the_gap_before_it_is_that_of_the_alternation() -> None:
    assert matches(pattern("a -> (b | c)"), "a.c.b") == ["a0 c2", "a0 b4"]


def test_every_pass_of_a_loop_may_take_another_branch() -> None:
    assert matches(pattern("a (b | c){3} d"), "abcbd") == ["a0 b1 c2 b3 d4"]


def test_it_can_be_left_out() -> None:
    assert matches(pattern("a (b | c)? d"), "ad.acd") == ["a0 d1", "a3 c4 d5"]


def test_it_is_the_same_in_python() -> None:
    branches = one_of(chain().begin("b", "kind = 'b'"), chain().begin("c", "kind = 'c'"))
    made = (
        pattern_of("p")
        .begin("a", "kind = 'a'")
        .followed_by(branches)
        .next("d", "kind = 'd'")
        .build()
    )
    assert matches(made, "a.cd") == matches(pattern("a -> (b | c) d"), "a.cd") == ["a0 c2 d3"]


@settings(max_examples=40, deadline=None)
@given(lines, st.sampled_from(["", "->", "->>"]))
def test_it_finds_what_its_branches_find_alone(line: str, arrow: str) -> None:
    alone = [
        *matches(pattern(f"a {arrow} b -> d"), line),
        *matches(pattern(f"a {arrow} c ad"), line),
    ]
    both = matches(pattern(f"a {arrow} (b -> d | c ad)"), line)
    assert sorted(both) == sorted(alone)
