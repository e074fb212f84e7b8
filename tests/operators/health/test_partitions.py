from dataclasses import replace

import polars as pl
import pytest

from operators.health.partitions import Observed, PartitionHealth
from tidegauge.batch import NO_TIME, Counts, PartitionState, Progress
from tidegauge.catalogue import FLOW, FLOW_SIGNAL
from tidegauge.records import TIME_NS, RecordBatch

SECOND = 1_000_000_000


def seen(
    read: int, *, watermark_ns: int = 5, state: PartitionState = PartitionState.ACTIVE
) -> Observed:
    progress = Progress("s", 0, 2, watermark_ns, state, 0)
    return Observed("t", progress, Counts(read, read - 6, 3, 2, 1, late=1))


def observe(health: PartitionHealth, given: Observed, now_ns: int) -> RecordBatch:
    (record,) = health.observe(given, now_ns)
    return record


def test_a_record_has_the_columns_of_the_signal() -> None:
    record = observe(PartitionHealth(SECOND), seen(10), 7)
    columns = {column.name: column.type.dtype for column in FLOW_SIGNAL.columns}
    assert record.signal == FLOW
    assert dict(record.frame.schema) == {TIME_NS: pl.Int64, **columns}
    assert record.frame.row(0, named=True) == {
        TIME_NS: 7,
        "source": "s",
        "topic": "t",
        "partition": 0,
        "processed": 10,
        "rate": None,
        "errors": 1,
        "on_time": 4,
        "corrections": 3,
        "late": 1,
        "filtered": 2,
        "odd_levels": 0,
        "watermark_ns": 5,
        "watermark_lag_ms": 2e-6,
        "state": "active",
        "quarantined": 0,
    }


def test_the_rate_is_of_what_came_since_the_record_before() -> None:
    health = PartitionHealth(SECOND)
    observe(health, seen(10), 0)
    assert health.observe(seen(15), SECOND - 1) == []
    assert observe(health, seen(30), 2 * SECOND).frame["rate"].to_list() == [10.0]
    assert observe(health, seen(30), 3 * SECOND).frame["rate"].to_list() == [0.0]


def test_what_no_record_told_is_due_a_period_later_and_told_once() -> None:
    health = PartitionHealth(SECOND)
    observe(health, seen(10), 0)
    assert health.due_ns is None
    health.observe(seen(30), SECOND // 2)
    assert health.due_ns == SECOND
    (last,) = health.flush(SECOND // 2)
    assert last.frame.select("processed", "rate").row(0) == (30, 40.0)
    assert health.due_ns is None
    assert health.flush(SECOND) == []


@pytest.mark.parametrize("now_ns", [0, -5])
def test_a_clock_that_stands_still_or_goes_back_gives_no_rate(now_ns: int) -> None:
    health = PartitionHealth(SECOND)
    observe(health, seen(10), 0)
    assert health.observe(seen(30), now_ns) == []
    (last,) = health.flush(now_ns)
    assert last.frame["rate"].to_list() == [None]


def test_without_a_watermark_there_is_none_in_the_record() -> None:
    record = observe(PartitionHealth(SECOND), seen(10, watermark_ns=NO_TIME), 0)
    assert record.frame.select("watermark_ns", "watermark_lag_ms").row(0) == (None, None)


def test_an_idle_partition_has_a_record_each_period_until_it_wakes_or_ends() -> None:
    health = PartitionHealth(SECOND)
    observe(health, seen(10), 0)
    asleep = observe(health, seen(10, state=PartitionState.IDLE), SECOND)
    assert asleep.frame["state"].to_list() == ["idle"]
    for second in (2, 3):
        assert health.due_ns == second * SECOND
        (again,) = health.flush(second * SECOND)
        assert again.frame.select("time_ns", "state", "processed", "rate").row(0) == (
            *(second * SECOND, "idle", 10, 0.0),
        )
    observe(health, seen(11), 4 * SECOND)
    assert health.due_ns is None
    observe(health, seen(11, state=PartitionState.IDLE), 5 * SECOND)
    observe(health, seen(11, state=PartitionState.FINISHED), 6 * SECOND)
    assert health.due_ns is None


def test_a_partition_that_never_had_a_message_has_records_while_it_is_idle() -> None:
    health = PartitionHealth(SECOND)
    asleep = seen(0, watermark_ns=NO_TIME, state=PartitionState.IDLE)
    observe(health, asleep, 0)
    assert health.due_ns == SECOND
    assert [one.frame["watermark_ns"].to_list() for one in health.flush(SECOND)] == [[None]]


def test_an_active_partition_of_which_nothing_comes_is_told_of_now_and_then() -> None:
    """A transaction may hold its messages back for minutes: the flow has not stopped."""
    health = PartitionHealth(SECOND)
    observe(health, seen(10), 0)
    for second in (30, 60):
        assert (health.due_ns, health.alive_ns) == (None, second * SECOND)
        (again,) = health.tell(second * SECOND)
        assert again.frame.select("time_ns", "state", "processed", "rate").row(0) == (
            *(second * SECOND, "active", 10, 0.0),
        )
    observe(health, seen(10, state=PartitionState.FINISHED), 61 * SECOND)
    assert health.alive_ns is None


def test_levels_that_are_none_are_added_up() -> None:
    health = PartitionHealth(SECOND)
    given = [replace(seen(10), odd_levels=number) for number in (2, 0, 3)]
    observe(health, given[0], 0)
    assert health.observe(given[1], 1) == []
    assert observe(health, given[2], SECOND).frame["odd_levels"].to_list() == [5]
