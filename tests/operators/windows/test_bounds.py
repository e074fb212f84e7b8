"""Windows that hold no more than they may: which keys stay, which go, and who is told."""

import json
import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.windows.bounded import BoundedState
from operators.windows.counted.state import CountedState
from operators.windows.group import WindowGroup
from tests.operators.windows.harness import SECOND, Flow, make_plan, make_source
from tidegauge.batch import PartitionState
from tidegauge.catalogue import DEAD_LETTERS, WINDOW_STATE_SIGNAL

SOURCE = make_source(bound=0, lateness=0)
Batches = Sequence[Sequence[tuple[str, int]]]
"""Key and seconds since the event before, of each event of each batch."""
KINDS: Mapping[str, dict[str, Any]] = {
    "tumbling": {"tumbling": {"size": "10s"}},
    "sliding": {"sliding": {"size": "20s", "every": "10s"}},
    "session": {"session": {"gap": "10s"}},
    "count": {"count": {"size": 2}},
    "cumulative": {"cumulative": {"size": "1d", "every": "10s"}},
}


def bounded(kind: str = "tumbling", **state: Any) -> Flow:
    """A flow of one such window by k, within these limits."""
    plan = make_plan(SOURCE, size=10_000, by=["k"], state=state, **_only(kind))
    flow = Flow(SOURCE, [plan])
    flow.group._name = "g101"
    return flow


def _only(kind: str) -> dict[str, Any]:
    return {"tumbling": None, **KINDS[kind]}


def events(flow: Flow, text: str) -> None:
    """Events such as `a1 b2`: key and second, one batch."""
    flow.events(0, [{"k": one[0], "ts": 1_000 * float(one[1:])} for one in text.split()])


def counts(flow: Flow) -> dict[tuple[str, int], int]:
    """Count of each key and second of the window's end."""
    records = [record.frame for record in flow.records if record.signal == "w"]
    rows = pl.concat(records).select("k", "time_ns", "n").rows() if records else []
    return {(key, end // SECOND): count for key, end, count in rows}


def letters(flow: Flow) -> pl.DataFrame:
    return pl.concat(record.frame for record in flow.records if record.signal == DEAD_LETTERS)


def told(flow: Flow) -> dict[str, Any]:
    return flow.group.measure().frame.row(0, named=True)


@pytest.mark.parametrize("kind", KINDS)
def test_events_of_a_key_too_many_are_refused_and_those_of_the_others_go_on(kind: str) -> None:
    flow = bounded(kind, max_keys=2)
    events(flow, "a1 b2 c3")
    events(flow, "a4 c5 b6")
    flow.finish()
    assert {key for key, _ in counts(flow)} == {"a", "b"}
    assert told(flow)["refused"] == 2
    assert letters(flow).select("kind", "topic", "partition").unique().rows() == [
        ("too_many_keys", "s", 0)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_keys_silent_for_longest_make_room(kind: str) -> None:
    flow = bounded(kind, max_keys=2, on_full="drop_oldest")
    events(flow, "a1 b2")
    events(flow, "a3")
    events(flow, "c4")
    events(flow, "a5 c6")
    flow.finish()
    assert {key for key, _ in counts(flow)} == {"a", "c"}
    assert told(flow)["evicted"] == 1
    assert told(flow)["refused"] == 0


def test_keys_whose_windows_are_closed_make_room_by_themselves() -> None:
    """a1, b2   | a, b closed |  c12, d13."""
    flow = bounded(max_keys=2)
    events(flow, "a1 b2 a11")
    events(flow, "c12")
    events(flow, "d13 a14")
    flow.finish()
    assert counts(flow) == {("a", 10): 1, ("b", 10): 1, ("a", 20): 2, ("c", 20): 1}
    (reason,) = letters(flow)["reason"].to_list()
    assert reason == (
        "window w: this key group has room for 2 keys of 67108864 bytes together"
        " (state.max_keys, state.max_key_bytes); 1 event(s) of another are in none of its results"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_keys_have_so_many_bytes_together_however_few_they_are(kind: str) -> None:
    flow = bounded(kind, max_key_bytes=10)
    sizes = {"a": 4, "b": 6, "c": 1}
    rows = [{"k": key * size, "ts": 1_000.0 * at} for at, (key, size) in enumerate(sizes.items())]
    flow.events(0, rows)
    flow.events(0, [{**row, "ts": 4_000.0} for row in rows])
    flow.finish()
    assert {key for key, _ in counts(flow)} == {"aaaa", "bbbbbb"}
    assert told(flow)["refused"] == 2
    assert set(letters(flow)["kind"]) == {"too_many_keys"}


def test_large_keys_make_room_for_one_another_from_the_oldest_on() -> None:
    flow = bounded(max_key_bytes=10, on_full="drop_oldest")
    for at, key in enumerate(["aaaa", "bbbb", "cccccc", "d" * 11, "e"]):
        flow.events(0, [{"k": key, "ts": 1_000.0 * at}])
    flow.finish()
    assert {key for key, _ in counts(flow)} == {"e"}
    assert told(flow)["evicted"] == 3


def test_a_restart_refuses_no_key_for_which_there_is_room() -> None:
    """A and b are in no window any more when c comes."""
    flow = bounded(max_keys=2)
    events(flow, "a1 b2")
    events(flow, "a25")
    flow.resume()
    events(flow, "c26")
    flow.finish()
    assert counts(flow) == {("a", 10): 1, ("b", 10): 1, ("a", 30): 1, ("c", 30): 1}


def test_a_letter_tells_what_is_known_of_the_events() -> None:
    flow = bounded(max_keys=1)
    events(flow, "a1 b2 b3 b14")
    payloads = (
        letters(flow)
        .sort("time_ns")["detail"]
        .str.json_decode(
            pl.Struct({"window": pl.String, "events": pl.Int64, "first_event_ns": pl.Int64})
        )
    )
    assert payloads.to_list() == [
        {"window": "w", "events": 2, "first_event_ns": 2 * SECOND},
        {"window": "w", "events": 1, "first_event_ns": 14 * SECOND},
    ]


def test_no_two_letters_have_the_same_time() -> None:
    flow = bounded(max_keys=1)
    for _ in range(3):
        events(flow, "a1 " + " ".join(f"{key}1" for key in "bcdefghijklm"))
    found = letters(flow)["time_ns"]
    assert found.n_unique() == len(found) == 36
    assert set(found.to_list()) == {SECOND + 16 * number for number in range(1, 37)}


def test_without_keys_there_is_no_limit() -> None:
    flow = Flow(SOURCE, [make_plan(SOURCE, size=10_000, state={"max_keys": 1})])
    events(flow, "a1 b2")
    flow.finish()
    assert told(flow)["refused"] == 0


def test_a_key_that_was_silent_for_its_time_to_live_begins_anew() -> None:
    """Of a window of two events, a1 is forgotten before a100 comes; c100 has not been silent."""
    flow = bounded("count", ttl="60s")
    events(flow, "a1 c50")
    events(flow, "b90")
    events(flow, "c100 a100")
    flow.finish()
    assert counts(flow) == {("c", 100): 2}
    assert told(flow)["evicted"] == 1


def test_what_is_told_has_the_columns_of_the_signal() -> None:
    flow = bounded()
    events(flow, "a1 b2 a12")
    row = told(flow)
    assert set(row) == {"time_ns", *(column.name for column in WINDOW_STATE_SIGNAL.columns)}
    assert (row["window"], row["group"], row["keys"], row["panes"]) == ("w", "g101", 2, 1)
    assert row["bytes"] > 0
    assert row["watermark_ns"] == 12 * SECOND
    flow.quiet(0, PartitionState.FINISHED)
    assert told(flow)["watermark_ns"] is None


@pytest.mark.parametrize("kind", ["tumbling", "sliding", "session", "count"])
def test_a_key_is_let_go_with_its_last_window(kind: str) -> None:
    """Keys that come once each, two events of a key: what is held does not grow with them."""
    flow = bounded(kind)
    saved = []
    for batch in range(130):
        first = 10 * batch
        flow.events(
            0,
            [
                {"k": f"key {number}", "ts": 60_000 * number + at}
                for number in range(first, first + 10)
                for at in (0, 1)
            ],
        )
        if batch in {70, 129}:
            saved.append(len(pickle.dumps(flow.group.snapshot())))
    # Panes keep up to so many keys at hand that may come again.
    assert flow.group._states["w"]._holder.keys <= 1_025
    if kind in {"session", "count"}:
        assert flow.group._states["w"]._holder.keys <= 300
        assert told(flow)["keys"] <= 3
        assert saved[1] < 1.1 * saved[0] < 10_000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("on_full", ["dead_letter", "drop_oldest"])
def test_a_restart_changes_nothing(kind: str, on_full: str) -> None:
    steps = ["a1 b2", "a3", "c4 b5", "d6 a7", "a18 b19", "c20 d21 a22", "b33"]
    whole, cut = (bounded(kind, max_keys=2, on_full=on_full) for _ in range(2))
    for step in steps:
        events(whole, step)
        events(cut, step)
        saved = pickle.loads(pickle.dumps(cut.group.snapshot()))  # noqa: S301 - made here
        cut.group = WindowGroup(cut.plans, lambda: 0, saved)
        cut.group._name = "g101"
    for flow in (whole, cut):
        flow.finish()
    assert counts(cut) == counts(whole)
    assert {**told(cut), "bytes": 0} == {**told(whole), "bytes": 0}


BATCHES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 5)), min_size=1), max_size=8
)


def streamed(kind: str, on_full: str, batches: Batches, most: int) -> Flow:
    """A flow that these batches went through, and that never held more keys than it may."""
    flow = bounded(kind, max_keys=most, on_full=on_full)
    time = 0
    for batch in batches:
        made = []
        for key, step in batch:
            time += step
            made.append({"k": key, "ts": 1_000 * time})
        flow.events(0, made)
        state = flow.group._states["w"]
        assert isinstance(state, BoundedState)
        assert state._holder.keys <= most
    flow.finish()
    return flow


def in_results(kind: str, flow: Flow) -> dict[str, float]:
    """Events of each key in the results, each once; of a count, with those that make no window."""
    found: Counter[str] = Counter()
    records = [record.frame for record in flow.records if record.signal == "w"]
    rows = (
        pl.concat(records).sort("time_ns")
        if records
        else pl.DataFrame(schema={"k": pl.String, "start_ns": pl.Int64, "n": pl.Int64})
    )
    if kind == "cumulative":
        # The period's last result has all of it.
        rows = rows.group_by("k", "start_ns").agg(pl.col("n").last())
    for key, events_ in rows.select("k", "n").rows():
        found[key] += events_
    if kind == "sliding":
        return {key: number / 2 for key, number in found.items()}
    if kind == "count":
        state = flow.group._states["w"].state
        assert isinstance(state, CountedState)
        panes = state._panes.all()
        left = panes.rows.select("k", "_rows").rows() if panes else []
        for key, number in left:
            found[key] += number
    return dict(found)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12)
@given(batches=BATCHES, most=st.integers(1, 5))
def test_every_event_is_in_the_results_or_in_a_letter(
    kind: str, batches: Batches, most: int
) -> None:
    flow = streamed(kind, "dead_letter", batches, most)
    refused: Counter[str] = Counter()
    if told(flow)["refused"]:
        for detail in letters(flow)["detail"]:
            about = json.loads(detail)
            refused[about["key"]["k"]] += about["events"]
    sent = Counter(key for batch in batches for key, _ in batch)
    assert Counter(in_results(kind, flow)) + refused == sent
    assert refused.total() == told(flow)["refused"]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12)
@given(batches=BATCHES, most=st.integers(1, 5))
def test_where_the_oldest_make_room_only_their_events_are_lost(
    kind: str, batches: Batches, most: int
) -> None:
    flow = streamed(kind, "drop_oldest", batches, most)
    sent = Counter(key for batch in batches for key, _ in batch)
    found = in_results(kind, flow)
    assert all(found[key] <= sent[key] for key in found)
    short = [key for key in sent if found.get(key, 0) < sent[key]]
    row = told(flow)
    assert len(short) <= row["evicted"] + row["refused"]
