import polars as pl
import pytest

from operators.health.partitions import PartitionHealth
from tidegauge.batch import NO_TIME, Counts, EventBatch, PartitionState, Progress
from tidegauge.catalogue import FLOW, FLOW_SIGNAL
from tidegauge.records import TIME_NS, RecordBatch

SECOND = 1_000_000_000
EMPTY = pl.DataFrame()


def batch(
    read: int,
    *,
    partition: int = 0,
    topic: str = "t",
    state: PartitionState = PartitionState.ACTIVE,
    watermark_ns: int = 5,
) -> EventBatch:
    progress = Progress("s", partition, 2, watermark_ns, state, 0)
    counts = Counts(read, read - 6, 3, 2, 1)
    return EventBatch(topic, EMPTY, EMPTY, EMPTY, progress, counts)


def observe(health: PartitionHealth, given: EventBatch, now_ns: int) -> RecordBatch:
    record = health.observe(given, now_ns)
    assert record is not None
    return record


def test_a_record_has_the_columns_of_the_signal() -> None:
    record = observe(PartitionHealth(SECOND), batch(10), 7)
    columns = {column.name: column.type.dtype for column in FLOW_SIGNAL.columns}
    assert record.signal == FLOW
    assert dict(record.frame.schema) == {TIME_NS: pl.Int64, **columns}
    assert record.frame.row(0, named=True) == {
        TIME_NS: 7,
        "topic": "t",
        "partition": 0,
        "processed": 10,
        "rate": None,
        "errors": 1,
        "on_time": 4,
        "corrections": 3,
        "filtered": 2,
        "watermark_ns": 5,
    }


def test_the_rate_is_of_what_came_since_the_record_before() -> None:
    health = PartitionHealth(SECOND)
    observe(health, batch(10), 0)
    assert health.observe(batch(15), SECOND - 1) is None
    assert observe(health, batch(30), 2 * SECOND).frame["rate"].to_list() == [10.0]
    assert observe(health, batch(30), 3 * SECOND).frame["rate"].to_list() == [0.0]


def test_partitions_and_topics_are_counted_apart() -> None:
    health = PartitionHealth(SECOND)
    observe(health, batch(10), 0)
    assert observe(health, batch(20, partition=1), 1).frame["partition"].to_list() == [1]
    assert observe(health, batch(20, topic="u"), 1).frame["topic"].to_list() == ["u"]
    assert observe(health, batch(12), SECOND).frame["rate"].to_list() == [2.0]


def test_the_last_batch_always_gives_a_record() -> None:
    health = PartitionHealth(SECOND)
    observe(health, batch(10), 0)
    last = observe(health, batch(30, state=PartitionState.FINISHED), SECOND // 2)
    assert last.frame.select("processed", "rate").row(0) == (30, 40.0)


@pytest.mark.parametrize("now_ns", [0, -5])
def test_a_clock_that_stands_still_or_goes_back_gives_no_rate(now_ns: int) -> None:
    health = PartitionHealth(SECOND)
    observe(health, batch(10), 0)
    last = observe(health, batch(30, state=PartitionState.FINISHED), now_ns)
    assert last.frame["rate"].to_list() == [None]


def test_without_a_watermark_there_is_none_in_the_record() -> None:
    record = observe(PartitionHealth(SECOND), batch(10, watermark_ns=NO_TIME), 0)
    assert record.frame["watermark_ns"].to_list() == [None]
