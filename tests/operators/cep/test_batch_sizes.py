"""However events and time are cut into batches, matches and timeouts are the same."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from operators.cep.lane import Lane
from operators.cep.letters import RunLetters
from operators.cep.matcher import Matcher
from operators.cep.plan import plan_patterns
from operators.cep.results import Kind, Result
from operators.ordering.identity import PARTITION
from tests.fuzz import times
from tests.operators.cep.generated import (
    CARRY,
    COLUMNS,
    Generated,
    event_lists,
    frame_of,
    patterns,
    sound,
)
from tests.operators.cep.reference import Event
from tests.operators.cep.test_against_reference import END, slow
from tests.operators.cep.timelines import SECOND, events, matcher_of, pattern
from tidegauge.batch import OFFSET, TIME
from tidegauge.patterns.row_pattern import parse_rows
from tidegauge.records import TIME_NS
from tidegauge.spec.loader import parse_pipeline

Told = list[tuple[object, ...]]
either = st.booleans().flatmap(lambda dynamic: patterns(dynamic=dynamic))


def plain(results: list[Result]) -> Told:
    """Results of each key in their order; what is told of a match does not depend on the clock."""
    found: Told = []
    for result in sorted(results, key=lambda one: str(one.key)):
        taken = [(node.position.step, node.seq) for node in result.path]
        at_ns = result.time_ns if result.kind is Kind.TIMEOUT else None
        found.append((result.kind, result.key, tuple(taken), at_ns))
    return found


def matcher_for(generated: Generated) -> Matcher:
    return Matcher([generated.pattern], COLUMNS, by=["key"], carry=CARRY, timeouts=True)


def in_batches(generated: Generated, rows: list[Event], cuts: list[int], *, lag: int) -> Told:
    """The watermark follows every batch, `lag` behind its last event, and closes all at the end."""
    matcher, frame, start = matcher_for(generated), frame_of(rows), 0
    results = []
    for cut in [*cuts, len(rows)]:
        if cut > start:
            results += matcher.process(frame[start:cut])
            results += matcher.advance(rows[cut - 1]["time_ns"] - lag)
            start = cut
    return plain([*results, *matcher.advance(END)])


def step_by_step(generated: Generated, rows: list[Event]) -> Told:
    """Events one by one; time goes on by the least there is."""
    matcher, frame = matcher_for(generated), frame_of(rows)
    results, now = [], 0
    for number, row in enumerate(rows):
        for time_ns in range(now, row["time_ns"] + 1):
            results += matcher.advance(time_ns)
        now = row["time_ns"]
        results += matcher.process(frame[number : number + 1])
    for time_ns in range(now, now + 10):
        results += matcher.advance(time_ns)
    return plain([*results, *matcher.advance(END)])


@settings(slow, max_examples=times(100))
@given(either, event_lists(most=14), st.data())
def test_any_batch_size_gives_equal_matches_and_timeouts(
    generated: Generated, rows: list[Event], data: st.DataObject
) -> None:
    assume(sound(generated))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=4)))
    expected = step_by_step(generated, rows)
    assert in_batches(generated, rows, cuts, lag=data.draw(st.integers(0, 2))) == expected
    assert in_batches(generated, rows, [], lag=0) == expected


HELD_BACK = {
    "x -> y -> z": {
        "x": "name = 'a'",
        "y": "name = 'a'",
        "z": "name = 'b' AND price > SUM(x.price)",
    },
    "x+[->] -> z": {"x": "name = 'a'", "z": "name = 'b' AND price > SUM(x.price)"},
    "x -> !n -> z[within 3ns]": {"x": "name = 'a'", "n": "name = 'c'", "z": "name = 'b'"},
    "x+ -> !n": {"x": "name = 'a'", "n": "name = 'c'"},
    "x -> z -> !n[within 2ns]": {"x": "name = 'a'", "z": "name = 'b'", "n": "name = 'c'"},
}
"""Matches of these often wait for runs that began earlier."""


@settings(slow, max_examples=times(100))
@given(
    st.sampled_from(sorted(HELD_BACK)),
    st.sampled_from(["SKIP PAST LAST ROW", "SKIP TO NEXT ROW", "SKIP TO LAST x", "NO SKIP"]),
    event_lists(most=10),
    st.integers(0, 10),
)
def test_any_batch_size_gives_equal_results_where_matches_wait(
    match: str, after: str, rows: list[Event], cut: int
) -> None:
    made = parse_rows("p", match, HELD_BACK[match], within_ns=6, after_match=after)
    generated = Generated(made, {})
    expected = step_by_step(generated, rows)
    assert in_batches(generated, rows, [min(cut, len(rows))], lag=0) == expected
    assert in_batches(generated, rows, [], lag=0) == expected


def test_a_jump_over_several_window_ends_is_processed_end_by_end() -> None:
    """When the first run ends, the match behind it is told, and takes the later runs with it."""
    define = {
        "bad": "kind = 'f'",
        "bad2": "kind = 'f'",
        "good": "kind = 'p' AND amount > SUM(bad.amount)",
    }
    made = parse_rows("p", "bad -> bad2 -> good", define, within_ns=1_200 * SECOND)
    times = pl.Series(TIME, [76, 386, 394, 418], dtype=pl.Int64) * SECOND
    frame = events("fffp", [174.88, 32.95, 440.07, 41.85]).with_columns(times)
    matcher = matcher_of(made, timeouts=True)
    results = matcher.process(frame)
    assert results == []
    results = matcher.advance(2_000 * SECOND)
    assert [(one.kind, [node.seq for node in one.path]) for one in results] == [
        (Kind.TIMEOUT, [0, 1]),
        (Kind.MATCH, [1, 2, 3]),
    ]
    assert results[0].time_ns == (76 + 1_200) * SECOND
    assert matcher.idle


def test_step_windows_and_windows_end_in_the_order_of_time() -> None:
    """A step's time that is over later than the whole window does not count."""
    for jump in ([4, 6, 9], [9]):
        matcher = matcher_of(pattern("a -> b -> c[within 5s]", within=6), timeouts=True)
        results = matcher.process(events("a..b"))
        for at in jump:
            results += matcher.advance(at * SECOND)
        (ended,) = results
        assert (ended.kind, ended.time_ns) == (Kind.TIMEOUT, 6 * SECOND)


RETRY = """\
version: 1
pipeline: shop
sources:
  s:
    kafka: {topic: s}
    event_time: {field: t, format: epoch_s, out_of_orderness: 0s}
    fields: {c: {type: string}, st: {type: string}, v: {type: float}}
patterns:
  retry:
    from: s
    by: [c]
    match: "bad -> bad2 -> good"
    define: {bad: "st = 'failed'", bad2: "st = 'failed'", good: "st = 'paid' AND v > SUM(bad.v)"}
    within: 20m
    timeouts: true
"""


@pytest.mark.parametrize("size", [1, 2, 7, 44])
def test_records_of_a_file_do_not_depend_on_the_batch_size(size: int) -> None:
    """Events of another key make the watermark go on, by a minute or by many at once."""
    (step,) = plan_patterns(parse_pipeline(RETRY, "shop.yaml", Path(), {}))
    lane = Lane(step.lanes[0], RunLetters({"s": "topic"}))
    rows = [("c", 76, "failed", 174.88), ("c", 386, "failed", 32.95)]
    rows += [("c", 394, "failed", 440.07), ("c", 418, "paid", 41.85)]
    rows += [("filler", 420 + 60 * number, "x", 0.0) for number in range(40)]
    frame = pl.DataFrame(
        {
            TIME: pl.Series([second * SECOND for _, second, _, _ in rows], dtype=pl.Int64),
            OFFSET: pl.int_range(len(rows), eager=True),
            PARTITION: pl.zeros(len(rows), pl.Int64, eager=True),
            **{name: [row[at] for row in rows] for name, at in (("c", 0), ("st", 2), ("v", 3))},
        }
    )
    records = [
        (record.signal, row["_time_ns"] // SECOND, row["events"])
        for part in frame.iter_slices(size)
        for record in lane.take([part], part[TIME][-1], 0)
        for row in record.frame.rename({TIME_NS: "_time_ns"}).rows(named=True)
    ]
    assert sorted(records) == [("retry", 418, 3), ("retry_timeouts", 1_276, 2)]
