"""The column encoder writes what the client library's own `Point` writes, and faster."""

import math
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client.client.write.point import Point

from connectors.influxdb.escapes import escaped_tag, escaped_tags
from connectors.influxdb.lines import LineEncoder, encode_lines
from tests.connectors.samples import CATALOGUE, SIGNAL, batch, record, records, stored_tag, texts
from tidegauge.records import RecordBatch
from tidegauge.signals import Column, Signal, SignalKind

# Two libraries may write the same number as 1.0 and 1; no unescaped "=" can come before this one.
AMOUNT = re.compile(r" amount=([^ ,]+)")
CONSTANT = CATALOGUE.constant_tags


def encoded(*rows: dict[str, object], constant: dict[str, str] | None = None) -> list[str]:
    return LineEncoder(SIGNAL, constant or {}).lines(batch(*rows))


def test_tags_are_in_the_order_of_their_names_with_the_constant_ones_among_them() -> None:
    (line,) = LineEncoder(SIGNAL, CONSTANT).lines(batch(record()))
    assert line.startswith(r"spend,pipeline=payments,region=eu,shop=7,site=north\ hall ")


def test_every_type_of_field_has_its_own_form() -> None:
    (line,) = encoded(record())
    fields = 'amount=1.0,count=3i,failed=false,note="fine",start_ns=1789999999999999990i'
    assert line.split(" ", 1)[1] == f"{fields} 1790000000000000000"


def test_lines_are_joined_by_line_feeds() -> None:
    both = encode_lines(batch(record(), record(time_ns=5)), SIGNAL, CONSTANT)
    assert both.count(b"\n") == 1
    assert not both.endswith(b"\n")


def test_a_field_that_is_null_is_left_out_and_a_null_key_says_so() -> None:
    row = {"time_ns": 1, "note": "only this"}
    assert encoded(row) == ['spend,region=(none),shop=(none) note="only this" 1']


def test_a_record_without_a_field_is_not_written() -> None:
    assert encoded({"time_ns": 1, "region": "eu"}, {"time_ns": 2, "count": 1}) == [
        "spend,region=(none),shop=(none) count=1i 2"
    ]


def test_no_records_make_no_lines() -> None:
    assert encode_lines(batch(), SIGNAL, CONSTANT) == b""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_left_out(value: float) -> None:
    assert encoded({"time_ns": 1, "amount": value, "count": 2}) == [
        "spend,region=(none),shop=(none) count=2i 1"
    ]


def test_an_empty_tag_says_so() -> None:
    assert encoded({"time_ns": 1, "region": "", "shop": 1, "count": 2}) == [
        "spend,region=(empty),shop=1 count=2i 1"
    ]


def test_a_tag_of_the_signal_goes_before_a_constant_one_of_the_same_name() -> None:
    (line,) = encoded({"time_ns": 1, "region": "eu", "count": 2}, constant={"region": "all"})
    assert line == "spend,region=eu,shop=(none) count=2i 1"


def test_columns_that_the_signal_does_not_declare_are_left_out() -> None:
    frame = batch(record()).frame.with_columns(anomalous=True)
    assert "anomalous" not in LineEncoder(SIGNAL, {}).lines(RecordBatch("spend", frame))[0]


def test_columns_that_the_frame_lacks_count_as_null() -> None:
    frame = batch(record()).frame.select("time_ns", "count")
    assert LineEncoder(SIGNAL, {}).lines(RecordBatch("spend", frame)) == [
        "spend count=3i 1790000000000000000"
    ]


def test_names_are_escaped_too() -> None:
    signal = Signal(
        "a b",
        SignalKind.WINDOW,
        "a b",
        (Column("t,\n", SIGNAL.tags[0].type),),
        (Column("f=\\", SIGNAL.fields[1].type),),
    )
    frame = pl.DataFrame({"time_ns": [1], "t,\n": ["x"], "f=\\": [2]})
    assert LineEncoder(signal, {}).lines(RecordBatch("a b", frame)) == ["a\\ b,t\\,␊=x f\\=⧵=2i 1"]


@given(texts)
def test_a_tag_in_a_column_is_escaped_as_one_on_its_own(value: str) -> None:
    column = pl.DataFrame({"tag": [value]}).select(escaped_tags(pl.col("tag")))
    assert column.item() == escaped_tag(value)


@given(texts)
def test_no_tag_can_end_its_line_or_escape_what_follows(value: str) -> None:
    escaped = escaped_tag(value)
    assert escaped
    assert not escaped.endswith("\\")
    assert not re.search(r"[\x00-\x1f\x7f]", escaped)
    assert not re.search(r"(?<!\\)[ ,=]", escaped)


@given(st.lists(records, max_size=6))
def test_lines_equal_those_of_the_client_library(rows: list[dict[str, object]]) -> None:
    ours = LineEncoder(SIGNAL, CONSTANT).lines(batch(*rows))
    theirs = [line for line in map(_point, rows) if line]
    assert [AMOUNT.sub(" amount=…", line, count=1) for line in ours] == [
        AMOUNT.sub(" amount=…", line, count=1) for line in theirs
    ]
    assert [_amount(line) for line in ours] == [_amount(line) for line in theirs]


def _amount(line: str) -> float | None:
    found = AMOUNT.search(line)
    return float(found[1]) if found else None


def _point(row: dict[str, object]) -> str:
    """The library's line, given the texts of tags with what we replace already replaced."""
    point = Point("spend").time(row["time_ns"])
    for name, value in {"region": row["region"], "shop": row["shop"], **CONSTANT}.items():
        point.tag(name, "(none)" if value is None else stored_tag(value))
    for field in SIGNAL.fields:
        point.field(field.name, row[field.name])
    return str(point.to_line_protocol())
