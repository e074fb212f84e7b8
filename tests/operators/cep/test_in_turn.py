"""Long loops whose runs differ in what they took: first events that take turns, and timeouts."""

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.cep.in_turn import RunsInTurn
from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.results import Kind, Result
from operators.cep.work import EXHAUSTED
from tests.operators.cep.generated import CARRY as GENERATED_CARRY
from tests.operators.cep.generated import COLUMNS as GENERATED
from tests.operators.cep.generated import Generated, event_lists, expected, frame_of, told
from tests.operators.cep.reference import Event, Meaning, Taken
from tests.operators.cep.test_against_reference import END, slow
from tests.operators.cep.timelines import SECOND, drawn, events, matcher_of
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

MANY = 2_000
PAST, NEXT, LAST = "SKIP PAST LAST ROW", "SKIP TO NEXT ROW", "SKIP TO LAST a"
RISING = "COALESCE(amount > LAST(a.amount), TRUE)"
SUM = "COALESCE(SUM(a.amount), 0) < 1e9"
SHORT = "COALESCE(SUM(a.amount), 0) < 10"


def loop(a: str, z: str = "TRUE", *, match: str = "a+[->] -> z", after: str = PAST) -> Pattern:
    define = {"a": f"kind = 'a' AND {a}", "z": f"kind = 'z' AND {z}"}
    return parse_rows("p", match, define, within_ns=2 * MANY * SECOND, after_match=after)


def read(matcher: Matcher, amounts: list[float]) -> list[Result]:
    frame = events("a" * (len(amounts) - 1) + "z", amounts)
    return [result for part in frame.iter_slices(500) for result in matcher.process(part)]


@pytest.mark.parametrize("timeouts", [False, True])
@pytest.mark.parametrize(("after", "firsts"), [(PAST, 1), (LAST, 2)])
@pytest.mark.parametrize("match", ["a+[->] -> z", "a+ z"])
@pytest.mark.parametrize(
    ("a", "z"), [("TRUE", "TRUE"), (SUM, "TRUE"), ("TRUE", "amount > AVG(a.amount)")]
)
def test_a_long_loop_is_held_with_one_or_two_entries_for_each_event(
    a: str,
    z: str,
    match: str,
    after: str,
    firsts: int,
    timeouts: bool,  # noqa: FBT001 - a table
) -> None:
    matcher = matcher_of(loop(a, z, match=match, after=after), timeouts=timeouts)
    frame = events("a" * MANY, [1.0] * MANY)
    assert matcher.process(frame) == []
    assert matcher.held().nodes <= 3 * MANY
    results = matcher.process(events("z", [9.0], start=MANY))
    assert [result.kind for result in results] == [Kind.MATCH] * firsts
    assert [node.seq for node in results[0].path] == list(range(MANY + 1))
    assert matcher.idle or after == LAST


def test_first_events_before_a_loop_share_it_whatever_it_sums_up() -> None:
    """They are read side by side: each one's sum over the later step is the same."""
    define = {"a": "kind = 'a'", "b": "kind = 'b' AND COALESCE(SUM(b.amount), 0) < 5"}
    made = parse_rows(
        "p",
        "a -> b+ z",
        define | {"z": "kind = 'z'"},
        within_ns=2 * MANY * SECOND,
        after_match=NEXT,
    )
    results = matcher_of(made).process(events("a" * MANY + "bz"))
    assert [result.kind for result in results] == [Kind.MATCH] * MANY


def test_rising_values_in_a_loop_are_held_by_their_events() -> None:
    matcher = matcher_of(loop(RISING, after=LAST), timeouts=True)
    amounts = [float(at * 7 % 100) for at in range(MANY)]
    assert matcher.process(events("a" * MANY, amounts)) == []
    assert matcher.held().nodes == MANY
    first, *_ = matcher.process(events("z", [1.0], start=MANY))
    taken = [amounts[node.seq] for node in first.path[:-1]]
    assert taken == sorted(set(taken))
    assert taken[-1] == 99.0


def test_a_first_event_whose_runs_are_over_lets_the_next_ones_have_their_turn() -> None:
    matcher = matcher_of(loop(SHORT, match="a{3,}[->] -> z"))
    assert read(matcher, [20.0, *[1.0] * 20, 1.0]) == []
    found = matcher.advance(2 * MANY * SECOND)
    assert drawn(found) == [" ".join([*(f"a{at}" for at in range(1, 11)), "z21"])]


def test_runs_that_an_event_ends_are_let_go_of() -> None:
    matcher = matcher_of(loop(SUM, match="a+ z"))
    assert matcher.process(events("a" * MANY + "x")) == []
    assert matcher.idle


def test_a_window_that_ends_does_not_make_the_next_runs_be_read() -> None:
    define = {"a": f"kind = 'a' AND {SUM}", "z": "kind = 'z'"}
    made = parse_rows("p", "a+ z", define, within_ns=100 * SECOND, after_match=PAST)
    matcher = matcher_of(made)
    (match,) = read(matcher, [1.0] * MANY + [9.0])
    assert [node.seq for node in match.path] == list(range(MANY - 99, MANY + 1))


def test_what_has_to_be_read_again_at_once_is_bounded_and_told() -> None:
    matcher = matcher_of(loop(SUM, after=NEXT), limits=Limits(work=200))
    results = read(matcher, [1.0] * 140 + [9.0])
    reasons = {result.reason for result in results if result.kind is Kind.DROPPED}
    assert reasons == {EXHAUSTED}
    firsts = [result.path[0].seq for result in results if result.kind is Kind.MATCH]
    assert firsts[-1] == 139
    gone = sum(result.runs for result in results if result.kind is Kind.DROPPED)
    assert len(firsts) + gone == 140


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(nodes=100), "buffered events"), (Limits(runs=40), "partial matches")],
)
def test_first_events_that_wait_are_bounded_and_told(limits: Limits, reason: str) -> None:
    matcher = matcher_of(loop(SUM), limits=limits)
    results = read(matcher, [1.0] * 300 + [9.0])
    assert {result.reason for result in results if result.reason} == {reason}
    (match,) = [result for result in results if result.kind is Kind.MATCH]
    gone = sum(result.runs for result in results if result.kind is Kind.DROPPED)
    assert gone >= match.path[0].seq > 0


def test_runs_saved_side_by_side_go_on_before_those_that_take_turns() -> None:
    side = matcher_of(loop(SHORT))
    side.bound[0].program.in_turn = False
    side.process(events("aaa", [8.0, 7.0, 1.0]))
    matcher = matcher_of(loop(SHORT))
    assert matcher.restore(pickle.loads(pickle.dumps(side.snapshot()))) == []  # noqa: S301 - our own
    (of_key,) = matcher.live.values()
    assert isinstance(of_key[0], RunsInTurn)
    assert drawn(matcher.process(events("az", [1.0, 1.0], start=3))) == ["a0 a1 z4"]


class Meant:
    """The event's name is `letter`, and what was taken for `x` says so, too."""

    def __init__(self, letter: str, kind: str) -> None:
        self.letter, self.kind = letter, kind

    def __call__(self, event: Event, taken: Taken) -> bool:
        prices = [one["price"] for one in taken.get("x", [])]
        match self.kind:
            case "rising":
                held = not prices or event["price"] > prices[-1]
            case "sum":
                held = sum(prices) + event["price"] < 6
            case "avg":
                held = not prices or event["price"] >= sum(prices) / len(prices)
            case _:
                held = True
        return bool(held and event["name"] == self.letter)


TEXTS = {
    "any": "TRUE",
    "rising": "COALESCE(price > LAST(x.price), TRUE)",
    "sum": "COALESCE(SUM(x.price), 0) + price < 6",
    "avg": "COALESCE(price >= AVG(x.price), TRUE)",
}
SHAPES = ["x+[->] -> z", "x+ z", "y -> x+[->] -> z", "x{2,}[->] -> y? -> z", "x+[->] -> !y -> z"]
LETTERS = {"x": "a", "y": "b", "z": "c"}


def generated(shape: str, loop: str, last: str, after: str, within: int | None) -> Generated:
    names = [name for name in LETTERS if name in shape]
    define: dict[str, str] = {}
    meanings: dict[str, Meaning] = {}
    for name in names:
        kind = {"x": loop, "z": last}.get(name, "any")
        define[name] = f"name = '{LETTERS[name]}' AND {TEXTS[kind]}"
        meanings[define[name]] = Meant(LETTERS[name], kind)
    made = parse_rows("p", shape, define, within_ns=within, after_match=after)
    return Generated(made, meanings)


def found(made: Generated, rows: list[Event], batch: int, *, timeouts: bool, resume: bool) -> Any:
    def new() -> Matcher:
        return Matcher([made.pattern], GENERATED, carry=GENERATED_CARRY, timeouts=timeouts)

    matcher, results = new(), []
    for part in frame_of(rows).iter_slices(batch):
        results += matcher.process(part)
        if resume:
            saved = pickle.dumps(matcher.snapshot())
            matcher = new()
            assert matcher.restore(pickle.loads(saved)) == []  # noqa: S301 - our own
    return told(results) + told(matcher.advance(END))


@settings(slow, max_examples=120)
@given(
    st.sampled_from(SHAPES),
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from([PAST, NEXT, "SKIP TO FIRST z", "SKIP TO LAST x", "NO SKIP"]),
    st.sampled_from([None, 8, 20]),
    event_lists(most=16),
    st.booleans(),
)
def test_they_find_what_the_reference_finds_in_any_batches_and_after_stops(
    shape: str,
    loop: str,
    last: str,
    after: str,
    within: int | None,
    rows: list[Event],
    timeouts: bool,  # noqa: FBT001 - drawn
) -> None:
    made = generated(shape, loop, last, after, within)
    results = found(made, rows, len(rows), timeouts=timeouts, resume=False)
    meant = expected(made, rows, END, keyed=False)
    assert sorted(map(repr, results)) == sorted(
        repr(one) for one in meant if timeouts or one[0] == "match"
    )
    assert found(made, rows, 1, timeouts=timeouts, resume=False) == results
    assert found(made, rows, 3, timeouts=timeouts, resume=True) == results


@settings(slow, max_examples=15)
@given(
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from([PAST, NEXT, "SKIP TO LAST x"]),
    st.lists(st.tuples(st.sampled_from("aaaaaaab"), st.integers(0, 3)), min_size=25, max_size=35),
    st.sampled_from([12, 100]),
)
def test_long_loops_with_timeouts_are_those_of_the_reference(
    kind: str, after: str, drawn_events: list[tuple[str, int]], within: int
) -> None:
    rows: list[Event] = [
        {"number": at, "name": name, "price": price, "key": 0, "time_ns": at}
        for at, (name, price) in enumerate([*drawn_events, ("c", 3), ("a", 1), ("c", 0)])
    ]
    made = generated("x+[->] -> z", kind, "any", after, within)
    results = found(made, rows, 7, timeouts=True, resume=False)
    meant = expected(made, rows, END, keyed=False)
    assert sorted(map(repr, results)) == sorted(map(repr, meant))
    assert found(made, rows, 11, timeouts=True, resume=True) == results
