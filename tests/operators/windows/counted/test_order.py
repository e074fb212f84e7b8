"""Order and identity of windows of a number of events."""

from typing import Any

from tests.operators.windows.conformance.flow import SOURCE, GroupFlow, plan_of
from tests.operators.windows.conformance.kinds import Kind, counted

TWO = Kind("two", {"count": {"size": 2}}, counted(2, 2))
ONE = Kind("one", {"count": {"size": 1}}, counted(1, 1))
MS = 1_000_000


def flow_of(kind: Kind, partitions: int = 1, **window: Any) -> GroupFlow:
    return GroupFlow(SOURCE, [plan_of(kind, **window)], partitions=partitions)


def event(ts: int, q: int = 0, k: str = "a") -> dict[str, Any]:
    return {"ts": ts, "k": k, "q": q}


def test_of_equal_times_the_lower_partition_then_the_lower_offset_comes_first() -> None:
    for order in ((0, 1), (1, 0)):
        flow = flow_of(TWO, partitions=2, select={"s": "sum(q)", "first": "first(q)"})
        batches = {0: [event(5, 1), event(5, 2)], 1: [event(5, 4), event(5, 8)]}
        for partition in order:
            flow.events(partition, batches[partition])
        flow.finish()
        assert flow.frame().select("s", "first").rows() == [(3, 1), (12, 4)]


def test_windows_of_a_key_that_end_together_have_times_of_their_own() -> None:
    flow = flow_of(ONE, by=["k"])
    flow.events(0, [event(5), event(5), event(5, k="b"), event(5)])
    flow.finish()
    times = {key: rows["time_ns"].to_list() for (key,), rows in flow.frame().group_by("k")}
    assert times == {"a": [5 * MS, 5 * MS + 1, 5 * MS + 2], "b": [5 * MS]}


def test_a_time_that_is_taken_stays_taken_when_others_come_later() -> None:
    flow = flow_of(ONE)
    flow.events(0, [event(5), event(5), event(30)])
    flow.events(0, [{"ts": 5 + 25.000001, "k": "a"}, event(60)])
    flow.finish()
    times = flow.frame()["time_ns"].to_list()
    assert times == sorted(set(times))
    assert times[:2] == [5 * MS, 5 * MS + 1]


def test_start_and_end_are_the_first_and_last_event() -> None:
    flow = flow_of(TWO)
    flow.events(0, [event(5), event(9)])
    flow.finish()
    assert flow.frame().select("start_ns", "time_ns").rows() == [(5 * MS, 9 * MS)]


def test_what_is_unfinished_goes_on_after_a_restart() -> None:
    flow = flow_of(TWO, by=["k"])
    flow.events(0, [event(5), event(30, k="b")])
    flow.resume()
    flow.events(0, [event(31), event(60)])
    flow.finish()
    found = flow.frame().select("k", "start_ns", "time_ns").rows()
    assert found == [("a", 5 * MS, 31 * MS)]


def test_corrections_are_told_of_as_dropped() -> None:
    flow = flow_of(TWO)
    flow.events(0, [event(5), event(20), event(11), event(12), event(40)])
    flow.finish()
    assert flow.dropped == 2
    assert flow.frame()["n"].to_list() == [2]
