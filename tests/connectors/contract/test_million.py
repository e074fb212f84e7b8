"""A million events in one second, told apart in the store by nothing but their point time."""

from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from connectors.embedded.reader import open_store
from operators.ordering.group import EventSlice, OrderGroup
from operators.ordering.plan import Ordering
from tests.connectors.contract.stores import InInfluxDB, InSqlite, Stored
from tests.connectors.samples import NOW_NS, SCHEMA
from tests.services.influxdb import InfluxDB
from tidegauge.batch import END_OF_TIME, PartitionState, Progress
from tidegauge.records import RecordBatch

EVENTS, PARTITIONS, SLICE = 1_000_000, 4, 50_000
ALL = Ordering("events", (), frozenset({"note"}))


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    """A record of each event; half of them in the same moment, the others a thousand a millisecond.

    The events differ in their id alone, which is a field.
    """
    number = np.arange(EVENTS)
    events = pl.DataFrame(
        {
            "_time_ns": NOW_NS + np.where(number % 2, 0, number // 1_000 * 1_000_000),
            "_partition": number % PARTITIONS,
            "_offset": number // PARTITIONS,
            "note": number.astype(str),
        }
    )
    group, released = OrderGroup([ALL]), []
    for start in range(0, EVENTS, 10 * SLICE):
        piece = events[start : start + 10 * SLICE]
        progress = Progress("events", 0, 1, NOW_NS, PartitionState.ACTIVE, 0)
        released += group.take([EventSlice(progress, {ALL.name: piece})])
    end = Progress("events", 0, 1, END_OF_TIME, PartitionState.FINISHED, 0)
    released += group.take([EventSlice(end)])
    frame = pl.concat(record.frame for record in released)
    constant = {"region": "eu", "shop": 7, "amount": 1.0, "count": 1, "start_ns": NOW_NS}
    lits = [pl.lit(value, SCHEMA[name]).alias(name) for name, value in constant.items()]
    failed = pl.lit(None, pl.Boolean).alias("failed")
    return frame.select("time_ns", "note", *lits, failed).select(*SCHEMA)


def write(stored: Stored, records: pl.DataFrame) -> None:
    part = stored.sink.build_part("out", stored.sink.list_parts()[0], None)
    for slice_ in records.iter_slices(SLICE):
        part.write_batch([RecordBatch("spend", slice_)])
    part.close()
    assert stored.rejected == []


def test_they_are_near_their_own_time(records: pl.DataFrame) -> None:
    assert records["time_ns"].n_unique() == records.height == EVENTS
    late = records["time_ns"].max() - (NOW_NS + 999_000_000)  # type: ignore[operator]  # no nulls
    assert late < 1_000_000


def test_sqlite_holds_each(records: pl.DataFrame, tmp_path: Path) -> None:
    write(InSqlite(tmp_path), records)
    with closing(open_store(tmp_path / "store.db")) as connection:
        ((count, ids),) = connection.execute("SELECT count(*), count(DISTINCT note) FROM spend")
    assert count == ids == EVENTS


@pytest.mark.services
def test_influxdb_holds_each(records: pl.DataFrame, influxdb: InfluxDB) -> None:
    stored = InInfluxDB(influxdb)
    write(stored, records)
    (point,) = influxdb.influxql(stored._bucket, "SELECT count(amount) FROM spend")
    assert point["count"] == EVENTS
