"""Frames are brought into the form that the signal declares."""

import polars as pl

from connectors.codecs.frames import conformed, merged
from tests.connectors.samples import SCHEMA, SIGNAL, batch, record
from tidegauge.records import RecordBatch


def test_a_conformed_frame_has_the_declared_columns_and_types() -> None:
    frame = pl.DataFrame({"extra": [1], "count": [2], "time_ns": [3], "amount": [4]})
    found = conformed(RecordBatch("spend", frame), SIGNAL)
    assert found.schema == pl.Schema(SCHEMA)
    assert found.row(0) == (3, None, None, 4.0, 2, None, None, None)


def test_merged_batches_of_a_signal_keep_their_order() -> None:
    other = RecordBatch("other", batch(record()).frame)
    (spend, rest) = merged([batch(record(count=1)), other, batch(record(count=2)), batch()])
    assert (spend.signal, spend.frame["count"].to_list()) == ("spend", [1, 2])
    assert rest.signal == "other"


def test_merged_batches_may_have_different_columns() -> None:
    fewer = RecordBatch("spend", batch(record()).frame.drop("note"))
    (found,) = merged([fewer, batch(record())])
    assert found.frame["note"].to_list() == [None, "fine"]


def test_nothing_merged_is_nothing() -> None:
    assert merged([batch(), batch()]) == []
