from typing import Any

import pytest

from operators.windows.tables.edges import Edge, EdgeTime, EdgeValue
from tests.operators.windows.tables.frames import events, finished, of_values, scalar
from tidegauge.batch import OFFSET, TIME


def both(column: str, *parts: list[dict[str, Any]]) -> tuple[Any, Any]:
    """First and last value of the only key."""
    values = [EdgeValue(Edge(scalar(column), latest=latest)) for latest in (False, True)]
    first, last = (finished(value, *map(events, parts))["a"] for value in values)
    return first, last


def test_event_time_decides_and_not_when_it_came() -> None:
    late = [{TIME: 1, "s": "early"}]
    assert both("s", [{TIME: 5, "s": "x"}, {TIME: 9, "s": "y"}], late) == ("early", "y")


def test_of_equal_times_the_place_in_the_log_decides() -> None:
    parts = [
        {"_partition": partition, OFFSET: offset, "i": 10 * partition + offset}
        for partition in (1, 0)
        for offset in (7, 3, 5)
    ]
    assert both("i", parts) == both("i", parts[::-1]) == (3, 17)
    assert both("i", parts[:4], parts[4:]) == (3, 17)


@pytest.mark.parametrize(
    ("column", "values"),
    [("s", ["a", "b"]), ("i", [1, 2]), ("x", [0.5, 2.5]), ("b", [True, False])],
)
def test_any_type_stays_what_it_is_and_null_is_no_value(column: str, values: list[Any]) -> None:
    rows = [{TIME: time, column: v} for time, v in enumerate([None, *values, None])]
    assert both(column, rows) == tuple(values)


def test_the_times_are_those_of_the_values() -> None:
    rows = [{TIME: 1}, {TIME: 2, "i": 5}, {TIME: 8, "i": 6}, {TIME: 9}]
    for latest, time in ((False, 2), (True, 8)):
        assert finished(EdgeTime(Edge(scalar("i"), latest=latest)), events(rows)) == {"a": time}


def test_events_that_do_not_say_their_partition_are_of_one() -> None:
    frame = of_values("i", [1, 2, 3]).drop("_partition")
    assert finished(EdgeValue(Edge(scalar("i"), latest=True)), frame) == {"a": 3}
