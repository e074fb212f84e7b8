"""What every sink of records does, whatever it writes to."""

import math
from pathlib import Path

import polars as pl
import pytest

from connectors.partitions import RecordPart
from tests.connectors.contract.stores import InInfluxDB, InKafka, InSqlite, Row, Stored
from tests.connectors.samples import NOW_NS, batch, record
from tidegauge.records import RecordBatch


@pytest.fixture(
    params=[
        pytest.param("influxdb", marks=pytest.mark.services),
        pytest.param("kafka", marks=pytest.mark.services),
        "sqlite",
    ]
)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Stored:
    match request.param:
        case "influxdb":
            return InInfluxDB(request.getfixturevalue("influxdb"))
        case "kafka":
            return InKafka(request.getfixturevalue("kafka"))
        case _:
            return InSqlite(tmp_path)


def part_of(stored: Stored) -> RecordPart:
    return stored.sink.build_part("out", stored.sink.list_parts()[0], None)


def written(stored: Stored, *batches: RecordBatch) -> list[Row]:
    part = part_of(stored)
    part.write_batch(list(batches))
    part.close()
    assert stored.rejected == []
    return stored.rows()


WHOLE = {
    "time_ns": NOW_NS,
    "pipeline": "payments",
    "site": "north hall",
    "region": "eu",
    "shop": "7",
    "amount": 1.0,
    "count": 3,
    "failed": False,
    "note": "fine",
    "start_ns": NOW_NS - 10,
}


def test_a_record_is_stored_with_its_tags_and_fields(stored: Stored) -> None:
    assert written(stored, batch(record())) == [WHOLE]


def test_a_record_is_there_when_the_snapshot_returns(stored: Stored) -> None:
    part = part_of(stored)
    part.write_batch([batch(record())])
    part.snapshot()
    assert len(stored.rows()) == 1


def test_nothing_to_write_writes_nothing(stored: Stored) -> None:
    part_of(stored).write_batch([])
    assert written(stored, batch(), batch(record())) == [WHOLE]


def test_a_record_written_again_overwrites_itself(stored: Stored) -> None:
    part = part_of(stored)
    part.write_batch([batch(record(count=1))])
    part.write_batch([batch(record(count=2, note="later"))])
    part.snapshot()
    assert stored.rows() == [WHOLE | {"count": 2, "note": "later"}]


def test_the_last_of_equal_records_in_a_batch_stays(stored: Stored) -> None:
    rows = [record(count=count) for count in (1, 2)]
    assert written(stored, batch(*rows), batch(record(count=3))) == [WHOLE]


def test_a_record_with_null_keys_says_so_and_overwrites_itself_too(stored: Stored) -> None:
    bare = record(region=None, shop=None)
    found = written(stored, batch(bare), batch(bare | {"count": 4}))
    assert found == [WHOLE | {"region": "(none)", "shop": "(none)", "count": 4}]


def test_records_that_differ_in_a_tag_are_different(stored: Stored) -> None:
    rows = [record(), record(region="us"), record(region=None), record(shop=8)]
    assert len(written(stored, batch(*rows))) == 4


def test_what_is_null_or_not_finite_is_absent(stored: Stored) -> None:
    (found,) = written(stored, batch(record(note=None, failed=None, amount=math.nan)))
    assert found == _without(WHOLE, "note", "failed", "amount")


def test_an_empty_text_is_kept_and_an_empty_tag_says_so(stored: Stored) -> None:
    (found,) = written(stored, batch(record(note="", region="")))
    assert "note" not in _without(found, "note")
    assert found["region"] == "(empty)"


def test_numbers_come_back_with_all_their_digits(stored: Stored) -> None:
    values: list[Row] = [
        {"count": 2**63 - 1, "start_ns": -(2**63)},
        {"count": 2**53 + 1, "start_ns": 0},
        {"amount": 5e-324},
        {"amount": -1.7976931348623157e308},
        {"amount": 0.1 + 0.2},
        {"failed": True},
    ]
    found, expected = _one_each(stored, values)
    assert found == expected


def test_any_text_comes_back(stored: Stored) -> None:
    texts = ["größe 🎈", 'he said "no"', "back\\slash\\", "two\nlines\r\n\ttab", "a,b=c d", "\x00"]
    found, expected = _one_each(stored, [{"note": text} for text in texts])
    assert found == expected


def test_a_tag_without_control_characters_comes_back(stored: Stored) -> None:
    texts = ["größe 🎈", "a,b=c d", "C:\\temp", '"', "ends "]
    found, expected = _one_each(stored, [{"region": text} for text in texts])
    assert found == expected


def test_columns_that_the_signal_does_not_declare_are_left_out(stored: Stored) -> None:
    frame = batch(record()).frame.with_columns(anomalous=pl.lit(value=True), _offset=5)
    assert written(stored, RecordBatch("spend", frame)) == [WHOLE]


def test_a_sink_has_a_fixed_number_of_parts(stored: Stored) -> None:
    assert stored.sink.list_parts() == ["00", "01", "02", "03"]


def _one_each(stored: Stored, changes: list[Row]) -> tuple[list[Row], list[Row]]:
    """What is stored of a record for each change, in turn, and what should be."""
    rows = [record(time_ns=number, **change) for number, change in enumerate(changes)]
    expected = [WHOLE | {"time_ns": number} | change for number, change in enumerate(changes)]
    return written(stored, batch(*rows)), expected


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}
