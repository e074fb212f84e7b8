"""Results of many series: the largest as they are, the rest as one."""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import bytewax.operators as op
import polars as pl
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.windows.operator import windows
from operators.windows.others import Others, Rest, largest
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from tests.connectors.memory.crashing import CrashingSource
from tests.fuzz import times
from tests.operators.keygroups.engine import run, run_crashing
from tests.operators.windows.harness import make_plan, make_source
from tests.operators.windows.test_operator import LOG, make_source_of_log
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch

SOURCE = make_source(bound=20, lateness=60)
SELECT = {"n": "count(*)", "s": "sum(q)"}


def plan(by: list[str], **window: Any) -> WindowPlan:
    return make_plan(SOURCE, size=100, every=50, by=by, select=SELECT, **window)


def closed(counts: dict[Any, int], by: list[str], *, time_ns: int = 9) -> Part:
    """A result of keys with so many events each."""
    made = plan(by)
    keys = [key if isinstance(key, tuple) else (key,) for key in counts]
    columns: dict[str, Any] = {
        name: pl.Series([key[number] for key in keys], dtype=kind.dtype)
        for number, (name, kind) in enumerate(made.by.items())
    }
    columns |= {"time_ns": time_ns, "start_ns": 0, "revision": 0}
    columns |= {held.name: list(counts.values()) for held in made.accumulators}
    return Part(pl.DataFrame(columns).with_columns(pl.col("time_ns", "start_ns", "revision")))


def split(counts: dict[Any, int], by: list[str], most: int) -> tuple[dict[Any, int], Any]:
    kept, rest = largest(plan(by), closed(counts, by), most)
    given_ = {row[:-1]: row[-1] for row in kept.rows.select(*by, "_rows").rows()}
    return given_, None if rest is None else rest.rows.select(*by, "_rows").rows()


def test_as_many_as_allowed_stay_as_they_are() -> None:
    assert split({"a": 1, "b": 2}, ["k"], 2) == ({("a",): 1, ("b",): 2}, None)


def test_the_largest_stay_and_the_rest_is_other() -> None:
    kept, rest = split({"a": 5, "b": 1, "c": 9, "d": 2}, ["k"], 2)
    assert kept == {("a",): 5, ("c",): 9}
    assert rest == [("other", 3)]


def test_of_equal_ones_the_first_by_key_stay_and_a_key_that_is_absent_is_the_last() -> None:
    kept, rest = split({None: 1, "b": 1, "a": 1}, ["k"], 2)
    assert kept == {("a",): 1, ("b",): 1}
    assert rest == [("other", 1)]


def test_whole_numbers_and_bools_are_absent_in_the_other_key() -> None:
    _, rest = split({("a", 1): 1, ("a", 2): 2, ("b", 1): 3}, ["k", "j"], 1)
    assert rest == [("other", None, 3)]
    _, rest = split({1: 1, 2: 2, 3: 3}, ["j"], 1)
    assert rest == [(None, 3)]


@pytest.mark.parametrize(("key", "by"), [("other", ["k"]), (None, ["j"])])
def test_a_real_key_like_the_other_key_is_part_of_it_when_there_is_one(
    key: str | None, by: list[str]
) -> None:
    a, b = ("a", "b") if by == ["k"] else (1, 2)
    assert split({key: 9, a: 1}, by, 2) == ({(key,): 9, (a,): 1}, None)
    assert split({key: 9, a: 2, b: 1}, by, 2) == ({(a,): 2, (b,): 1}, [(key, 9)])


@given(
    st.dictionaries(st.text("abcdeo", max_size=2) | st.none(), st.integers(1, 9), min_size=1),
    st.integers(1, 9),
)
def test_nothing_is_lost(counts: dict[str | None, int], most: int) -> None:
    kept, rest = split(counts, ["k"], most)
    assert len(kept) <= max(most, 0)
    assert sum(kept.values()) + sum(count for _, count in rest or []) == sum(counts.values())
    smallest = min(kept.values(), default=0)
    gone = {key: count for key, count in counts.items() if (key,) not in kept and key != "other"}
    assert all(count <= smallest for count in gone.values())


@settings(max_examples=times(30))
@given(st.permutations(range(6)), st.integers(1, 5))
def test_rows_of_the_other_series_come_in_event_time_order(ends: list[int], cut: int) -> None:
    """Whatever order the key groups tell their rests in; a detector judges rows as they come."""
    parts = [closed({"other": end + 1}, ["k"], time_ns=50 * end) for end in ends]
    others = Others([plan(["k"])], 2, lambda: 0)
    told = others.take([Rest("w", "g1", 300, part) for part in parts[:cut]])
    assert told == []
    told = others.take([Rest("w", "g2", 300, part) for part in parts[cut:]])
    times = [time_ns for record in told for time_ns in record.frame["time_ns"]]
    assert times == [50 * end for end in range(6)]
    assert [n for record in told for n in record.frame["n"]] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("groups", [1, 4])
def test_rows_of_many_results_that_close_at_once_are_in_event_time_order(groups: int) -> None:
    """In one batch: all windows close together at the end."""
    out: list[Any] = []
    run(flow(make_source_of_log(10_000), out, [plan(["k"], max_series=1)], groups))
    others = [record.frame.filter(pl.col("k") == "other") for _, record in out]
    times = [frame["time_ns"].to_list() for frame in others if frame.height]
    flat = [time_ns for some in times for time_ns in some]
    assert max(map(len, times)) > 3
    assert flat == sorted(flat)


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_the_row_of_the_rest_tells_of_all_series_of_a_cumulative_window(batch: int) -> None:
    """Also at steps at which none of them changes, or only one."""
    day = make_plan(
        SOURCE,
        size=0,
        by=["k"],
        select=SELECT,
        tumbling=None,
        cumulative={"size": "400ms", "every": "10ms"},
    )
    whole_: list[Any] = []
    found: list[Any] = []
    run(flow(make_source_of_log(batch), whole_, [replace(day, every_step=True)], 1))
    run(flow(make_source_of_log(batch), found, [replace(day, max_series=2)], 1))
    expected, given_ = totals(whole_), totals(found)
    firsts = {at: counts for at, counts in expected.items() if at[1] == 0}
    crowded = {at for at, counts in firsts.items() if len(counts) > 2}
    assert len(crowded) > 5
    written = 0
    for at in crowded:
        largest_two = sorted(firsts[at].values())[-2:]
        assert given_[at]["other"] == firsts[at].total() - sum(largest_two)
        own = {key: count for key, count in given_[at].items() if key != "other"}
        assert all(count == firsts[at][key] for key, count in own.items())
        written += len(own)
    assert written < 2 * len(crowded)


def flow(source: CrashingSource, out: list[Any], plans: list[WindowPlan], groups: int) -> Dataflow:
    made = Dataflow("windows")
    batches: Stream[EventBatch] = op.input("in", made, source)
    op.output("out", windows("windows", batches, plans, groups, lambda: 0), TestingSink(out))
    return made


def totals(out: list[tuple[str, RecordBatch]]) -> dict[tuple[int, int], Counter[str | None]]:
    """Number of events of each result and key; each row may come once."""
    found: dict[tuple[int, int], Counter[str | None]] = defaultdict(Counter)
    for _, record in out:
        for time_ns, revision, key, count in record.frame.select(
            "time_ns", "revision", "k", "n"
        ).rows():
            assert key not in found[time_ns, revision]
            found[time_ns, revision][key] = count
    return found


def whole() -> dict[tuple[int, int], Counter[str | None]]:
    out: list[Any] = []
    run(flow(make_source_of_log(50), out, [plan(["k"])], 4))
    return totals(out)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("groups", [1, 4, 16])
def test_there_is_one_other_row_a_result_of_all_key_groups(workers: int, groups: int) -> None:
    """The log has six keys; a group keeps the largest of its own."""
    assert len({event["k"] for part in LOG for event in part}) == 6
    out: list[Any] = []
    run(flow(make_source_of_log(50), out, [plan(["k"], max_series=1)], groups), workers)
    found, expected = totals(out), whole()
    firsts = {result: counts for result, counts in expected.items() if result[1] == 0}
    assert {result for result in found if result[1] == 0} == firsts.keys()
    for result, counts in firsts.items():
        assert found[result].total() == counts.total()
        assert all(found[result][key] in {0, count} for key, count in counts.items())
        assert "other" in found[result] or len(counts) <= groups
    if groups == 1:
        given = [found[result] for result in firsts]
        assert {len(counts) for counts in given if counts.total() > 10} == {2}


@pytest.mark.parametrize("groups", [1, 4])
def test_no_event_is_stored_twice_where_results_are_corrected(groups: int) -> None:
    """What a store holds in the end: of each key and time the last result."""
    out: list[Any] = []
    run(flow(make_source_of_log(50), out, [plan(["k"], max_series=groups)], groups))
    found, expected = totals(out), whole()
    for time_ns in {time_ns for time_ns, _ in expected}:
        first, corrected = expected[time_ns, 0], expected[time_ns, 1]
        stored = found[time_ns, 0] | found[time_ns, 1]
        most = (first | corrected).total()
        assert first.total() <= stored.total() <= most
        if "other" in stored and groups == 1:
            assert stored.total() == first.total()


@settings(max_examples=3)
@given(st.integers(1, 24))
def test_a_crash_changes_nothing_in_it(tmp_path_factory: pytest.TempPathFactory, at: int) -> None:
    out: list[Any] = []
    store: Path = tmp_path_factory.mktemp("crash") / "store"
    run_crashing(flow(make_source_of_log(20, at), out, [plan(["k"], max_series=1)], 4), store)
    rows = {
        tuple(row)
        for _, record in out
        for row in record.frame.select("time_ns", "revision", "k", "n", "s").rows()
    }
    again: list[Any] = []
    run(flow(make_source_of_log(20), again, [plan(["k"], max_series=1)], 4))
    assert rows == {
        tuple(row)
        for _, record in again
        for row in record.frame.select("time_ns", "revision", "k", "n", "s").rows()
    }


def test_a_window_without_keys_has_no_other() -> None:
    out: list[Any] = []
    alone = make_plan(SOURCE, size=100, select=SELECT, max_series=1)
    run(flow(make_source_of_log(50), out, [alone], 4))
    assert all("k" not in record.frame.columns for _, record in out)
