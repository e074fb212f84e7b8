"""Each aggregate in a window: value, type, filter and what it is over nothing."""

import json
import math
import statistics
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import pandas as pd
import polars as pl
import pytest

from operators.windows.tables.frequencies import BOUND
from operators.windows.tables.registers import EXACT
from tests.operators.windows.harness import Flow, make_plan, make_source
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.fieldtypes import FieldType

SOURCE = make_source(bound=0, lateness=0)
EMPTY = {"k": None, "j": None, "x": None, "b": None, "v": None, "q": None}
COLUMNS = {
    "k": FieldType.STRING,
    "j": FieldType.INT,
    "x": FieldType.FLOAT,
    "b": FieldType.BOOL,
    "v": FieldType.FLOAT,
    "q": FieldType.INT,
}
CALLS: dict[str, Any] = {
    "count(*)": 6,
    "count(v)": 5,
    "sum(q)": 15,
    "sum(v)": 7.5,
    "avg(q)": 3.0,
    "min(v)": 0.5,
    "max(q)": 5,
    "std_dev(q)": statistics.stdev(range(1, 6)),
    "std_dev_pop(q)": statistics.pstdev(range(1, 6)),
    "variance(q)": 2.5,
    "var_pop(q)": 2.0,
    "first(k)": "a",
    "last(k)": "b",
    "first(b)": True,
    "last(v)": 2.5,
    "delta(q)": 4,
    "delta(v)": 2.0,
    "rate(q)": 4 / 8,
    "rate()": 6 / 10,
    "rate(*)": 6 / 10,
    "median(q)": pytest.approx(3, rel=0.004),
    "percentile(q, 0)": 1.0,
    "percentile(q, 1)": 5.0,
    "distinct(k)": 2,
    "count(DISTINCT q)": 5,
    "top(k, 1)": '[["a",3]]',
    "top(b, 2)": "[[true,3],[false,2]]",
}
NOTHING = {
    "count(*)": 6,
    "rate()": 0.6,
    "rate(*)": 0.6,
    "count(v)": 0,
    "distinct(k)": 0,
    "count(DISTINCT q)": 0,
}


def values(calls: Sequence[str], events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Values of the only window of 10 s over events at 0, 2, 4 … s, or at their own `ts`."""
    plan = make_plan(
        SOURCE, size=10_000, select={f"f{place}": call for place, call in enumerate(calls)}
    )
    flow = Flow(SOURCE, [plan])
    flow.events(0, [{**EMPTY, "ts": 2_000 * n, **event} for n, event in enumerate(events)])
    flow.finish()
    frame = flow.frame()
    for place, call in enumerate(calls):
        kind = compile_aggregate(call, COLUMNS).type
        assert frame.schema[f"f{place}"] == kind.dtype, call
    (row,) = frame.to_dicts()
    return {call: row[f"f{place}"] for place, call in enumerate(calls)}


EVENTS: list[dict[str, Any]] = [
    {"k": "a", "b": True, "v": 0.5, "q": 1},
    {"k": "b", "b": True, "v": 1.0, "q": 2},
    {"k": "a", "b": False, "v": 1.5, "q": 3},
    {"k": "a", "b": False, "v": 2.0, "q": 4},
    {"k": "b", "b": True, "v": 2.5, "q": 5},
    {"ts": 9_000},
]


def test_every_aggregate_has_its_value_and_type() -> None:
    assert values(list(CALLS), EVENTS) == {
        call: pytest.approx(value) if isinstance(value, float) else value
        for call, value in CALLS.items()
    }


def test_over_nulls_alone_counts_are_0_and_the_others_null() -> None:
    found = values(list(CALLS), [{"ts": n} for n in range(6)])
    assert found == {call: NOTHING.get(call) for call in CALLS}


def test_each_is_filtered_by_its_own_condition() -> None:
    """As if the other events had null there; a rate still knows the window's length."""
    calls = {f"{call} FILTER (WHERE x > 0)": value for call, value in CALLS.items()}
    other = {"k": "z", "b": False, "v": 99.0, "q": -7}
    left_out = [{"ts": second * 1_000, **other, "x": second - 9.0} for second in range(10)]
    kept = [{"ts": 2_000 * n, **event, "x": 1.0} for n, event in enumerate(EVENTS)]
    events = sorted([*left_out, *kept, {"ts": 9_999, **other}], key=itemgetter("ts"))
    assert values(list(calls), events) == {
        call: pytest.approx(value) if isinstance(value, float) else value
        for call, value in calls.items()
    }


def test_what_stands_between_them_is_arithmetic() -> None:
    share = "count(*) FILTER (WHERE b) / count(*)"
    spread = "percentile(q, 1) - percentile(q, 0)"
    word = "CASE WHEN last(k) = first(k) THEN 'same' ELSE last(k) END"
    assert values([share, spread, word], EVENTS) == {share: 0.5, spread: 4.0, word: "b"}


def test_equal_values_have_that_value_at_every_percentile() -> None:
    calls = ["median(v)", "percentile(v, 0.99)"]
    assert set(values(calls, [{"v": 0.3}] * 4).values()) == {0.3}


def test_a_difference_that_does_not_fit_64_bits_is_null() -> None:
    low, high = {"q": -(2**62)}, {"q": 2**62 - 1}
    assert values(["delta(q)"], [low, high]) == {"delta(q)": 2**63 - 1}
    assert values(["delta(q)"], [low, {"q": 2**62}]) == {"delta(q)": None}
    assert values(["delta(q)"], [{"q": 2**62}, {"q": -(2**62)}]) == {"delta(q)": -(2**63)}
    assert values(["delta(q)"], [{"q": 2**62}, {"q": -(2**62) - 1}]) == {"delta(q)": None}


def test_a_rise_in_no_time_is_null() -> None:
    assert values(["rate(q)"], [{"q": 1, "ts": 5}, {"q": 9, "ts": 5}]) == {"rate(q)": None}


def test_a_list_that_cannot_be_whole_says_how_much_is_missing() -> None:
    events = [{"ts": 1, "q": n} for n in range(2 * BOUND)]
    found = json.loads(values(["top(q, 3)"], events)["top(q, 3)"])
    assert [count for _, count in found] == [1, 1, 1, BOUND]
    assert found[-1] == [None, BOUND]
    assert all(value in range(2 * BOUND) for value, _ in found[:-1])


def test_few_are_counted_exactly_and_many_nearly() -> None:
    call = "distinct(k)"
    assert values([call], [{"ts": 1, "k": f"u{n}"} for n in range(EXACT)])[call] == EXACT
    many = values([call], [{"ts": 1, "k": f"u{n}"} for n in range(10_000)])[call]
    assert many == pytest.approx(10_000, rel=4 * 1.04 / math.sqrt(4_096))


def test_percentiles_are_those_of_pandas_within_the_stated_error() -> None:
    times = pd.Series([((n * 7_919) % 1_000) ** 2 / 13 + 1 for n in range(1_000)])
    shares = [0.01, 0.5, 0.9, 0.95, 0.99]
    found = values([f"percentile(v, {p})" for p in shares], [{"ts": 1, "v": v} for v in times])
    assert list(found.values()) == pytest.approx(times.quantile(shares).tolist(), rel=2**-8)


def test_first_and_last_go_by_event_time_then_partition_then_offset() -> None:
    source = make_source(bound=10_000, lateness=0)
    plan = make_plan(source, size=10_000, select={"first": "first(k)", "last": "last(k)"})
    made = set()
    for order in ((0, 1), (1, 0)):
        flow = Flow(source, [plan], partitions=2)
        for partition in order:
            names = [f"{partition}{place}" for place in "abc"]
            flow.events(partition, [{**EMPTY, "ts": 5, "k": name} for name in names])
        flow.finish()
        made |= set(flow.frame().select("first", "last").rows())
    assert made == {("0a", "1c")}


def test_tables_survive_a_restart_and_the_renumbering_of_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("operators.windows.paned.state._COMPACT_ABOVE", 0)
    calls = {"d": "distinct(q)", "last": "last(q)", "p": "percentile(q, 1)", "t": "top(q, 9)"}
    plan = make_plan(SOURCE, size=10_000, every=5_000, by=["k"], select=calls)
    flow = Flow(SOURCE, [plan])
    for second in range(0, 60, 2):
        keys = [f"k{number}" for number in range(max(20 - second, 1))]
        flow.events(0, [{**EMPTY, "ts": second * 1_000, "k": key, "q": second} for key in keys])
        flow.resume()
    flow.finish()
    frame = flow.frame()
    for row in frame.iter_rows(named=True):
        start, end = row["start_ns"] // 10**9, row["time_ns"] // 10**9
        number = int(row["k"][1:])
        seen = [s for s in range(0, 60, 2) if start <= s < end and number < max(20 - s, 1)]
        assert (row["d"], row["last"], row["p"]) == (len(seen), seen[-1], float(seen[-1]))
        assert json.loads(row["t"]) == [[second, 1] for second in seen]
    assert frame.filter(pl.col("k") == "k0").height == 13


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([2**63 - 1], 2**63 - 1),
        ([-(2**63)], -(2**63)),
        ([2**63 - 1024, 500, 500], 2**63 - 24),
        ([2**63 - 1024, 500, 500, 500], None),
        ([-(2**63), -1], None),
        ([2**62, 2**62, -1], 2**63 - 1),
        ([-(2**62), 2**62, -7], -7),
    ],
)
@pytest.mark.parametrize("batch", [1, 100])
def test_a_sum_of_whole_numbers_is_exact_or_absent(
    numbers: list[int], expected: int | None, batch: int
) -> None:
    flow = Flow(SOURCE, [make_plan(SOURCE, size=1_000, select={"s": "sum(j)"})])
    rows = [{"ts": at, "j": number} for at, number in enumerate(numbers)]
    for at in range(0, len(rows), batch):
        flow.events(0, rows[at : at + batch])
    flow.finish()
    assert flow.frame()["s"].to_list() == [expected]


def test_the_rate_of_a_number_of_events_at_one_moment_is_absent() -> None:
    """Their records have times a nanosecond apart, which is no time that passed."""
    window: dict[str, Any] = {"tumbling": None, "count": {"size": 2}, "select": {"r": "rate()"}}
    flow = Flow(SOURCE, [make_plan(SOURCE, size=1_000, **window)])
    flow.events(0, [{"ts": 5}] * 6)
    flow.finish()
    assert flow.frame()["r"].to_list() == [None, None, None]
