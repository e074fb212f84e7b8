"""The store's tables follow the signals, and a record written again overwrites itself."""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from connectors.embedded.reader import open_store
from connectors.embedded.store import Store
from connectors.embedded.tables import tables_of
from tests.connectors.samples import CATALOGUE, FLOAT, INT, SIGNAL, STRING, batch, record
from tidegauge.catalogue import Catalogue
from tidegauge.errors import Retry, Stop, UserMistake
from tidegauge.records import RecordBatch
from tidegauge.signals import Column, Signal, SignalKind


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def catalogue_of(*signals: Signal, **constant: str) -> Catalogue:
    named = MappingProxyType({signal.name: signal for signal in signals})
    return Catalogue("payments", named, MappingProxyType(constant))


def anomaly(name: str, *keys: str) -> Signal:
    tags = (Column("anomaly", STRING), *(Column(key, STRING) for key in keys))
    fields = (Column("value", FLOAT),)
    return Signal(name, SignalKind.ANOMALY, "anomalies", tags, fields)


def rows(path: Path, sql: str) -> list[dict[str, object]]:
    with closing(open_store(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]


def write(path: Path, catalogue: Catalogue, *batches: RecordBatch) -> None:
    store = Store(path, catalogue)
    store.write(list(batches))
    store.close()


def test_a_table_has_the_time_the_tags_and_the_fields(path: Path) -> None:
    write(path, CATALOGUE, batch(record()))
    assert rows(path, "SELECT * FROM spend") == [
        {
            "time_ns": 1_790_000_000_000_000_000,
            "pipeline": "payments",
            "site": "north hall",
            "region": "eu",
            "shop": "7",
            "amount": 1.0,
            "count": 3,
            "failed": 0,
            "note": "fine",
            "start_ns": 1_789_999_999_999_999_990,
        }
    ]


def test_numbers_keep_their_type(path: Path) -> None:
    write(path, CATALOGUE, batch(record()))
    kinds = "SELECT typeof(count) c, typeof(amount) a, typeof(failed) f, typeof(shop) s FROM spend"
    assert rows(path, kinds) == [{"c": "integer", "a": "real", "f": "integer", "s": "text"}]


def test_null_and_empty_keys_differ(path: Path) -> None:
    write(path, CATALOGUE, batch(record(region=None), record(region="")))
    regions = rows(path, "SELECT region FROM spend ORDER BY region")
    assert regions == [{"region": "(empty)"}, {"region": "(none)"}]


def test_a_record_without_some_tags_still_overwrites_itself(path: Path) -> None:
    for count in (1, 2):
        write(path, CATALOGUE, batch(record(region=None, shop=None, count=count)))
    assert rows(path, "SELECT count FROM spend") == [{"count": 2}]


def test_overwriting_takes_away_what_the_new_record_lacks(path: Path) -> None:
    write(path, CATALOGUE, batch(record(note="old"), record(note=None)))
    assert rows(path, "SELECT note FROM spend") == [{"note": None}]


def test_what_was_written_last_has_the_greatest_row_id_also_over_an_older_record(
    path: Path,
) -> None:
    store = Store(path, CATALOGUE)
    for time_ns in (1, 2, 3, 3, 1):
        store.write([batch(record(time_ns=time_ns))])
    assert [row["time_ns"] for row in rows(path, "SELECT time_ns FROM spend ORDER BY rowid")] == [
        2,
        3,
        1,
    ]


def test_signals_that_share_a_measurement_share_a_table(path: Path) -> None:
    catalogue = catalogue_of(anomaly("odd", "region"), anomaly("rare", "card"))
    odd = batch(record()).frame.select("time_ns", "region", anomaly="note", value="amount")
    rare = odd.rename({"region": "card"})
    write(path, catalogue, RecordBatch("odd", odd), RecordBatch("rare", rare))
    assert rows(path, "SELECT anomaly, region, card FROM anomalies ORDER BY region") == [
        {"anomaly": "fine", "region": "", "card": "eu"},
        {"anomaly": "fine", "region": "eu", "card": ""},
    ]


def test_a_new_tag_and_a_new_field_are_added_to_a_table_that_is_there(path: Path) -> None:
    write(path, CATALOGUE, batch(record()))
    grown = replace(
        SIGNAL,
        tags=(*SIGNAL.tags, Column("card", STRING)),
        fields=(*SIGNAL.fields, Column("tries", INT)),
    )
    frame = batch(record()).frame.with_columns(card=batch(record()).frame["note"], tries=4)
    for _ in range(2):
        write(path, catalogue_of(grown), RecordBatch("spend", frame))
    assert rows(path, "SELECT card, pipeline, tries FROM spend ORDER BY card DESC") == [
        {"card": "fine", "pipeline": "", "tries": 4},
        {"card": "", "pipeline": "payments", "tries": None},
    ]


def test_a_pipeline_that_has_lost_a_tag_can_still_write(path: Path) -> None:
    write(path, CATALOGUE, batch(record()))
    fewer = replace(SIGNAL, tags=SIGNAL.tags[:1])
    for count in (5, 6):
        write(path, catalogue_of(fewer), batch(record(count=count)))
    assert rows(path, "SELECT shop, count FROM spend ORDER BY shop") == [
        {"shop": "", "count": 6},
        {"shop": "7", "count": 3},
    ]


def test_names_may_hold_any_character(path: Path) -> None:
    odd = Signal(
        'a "b"', SignalKind.WINDOW, 'a "b"', (Column("t;--", STRING),), (Column("größe %", INT),)
    )
    frame = batch(record()).frame.select("time_ns", **{"t;--": "note", "größe %": "count"})
    write(path, catalogue_of(odd), RecordBatch('a "b"', frame))
    assert rows(path, 'SELECT * FROM "a ""b"""')[0]["größe %"] == 3


def test_events_have_no_table() -> None:
    events = Signal("events.p", SignalKind.EVENT, "events_p", (), (Column("value", FLOAT),))
    assert tables_of(catalogue_of(events)) == {}


def test_names_that_differ_in_case_only_are_refused() -> None:
    twice = replace(SIGNAL, fields=(Column("count", INT), Column("Count", INT)))
    with pytest.raises(UserMistake, match="'count' and 'Count' differ in case only"):
        tables_of(catalogue_of(twice))


def test_a_batch_is_written_whole_or_not_at_all(path: Path) -> None:
    store = Store(path, CATALOGUE)
    guard = "CREATE TRIGGER no BEFORE INSERT ON spend WHEN NEW.count = 2 BEGIN {} END"
    with sqlite3.connect(path) as connection:
        connection.execute(guard.format("SELECT RAISE(ABORT, 'not this one');"))
    with pytest.raises(Stop, match="cannot be written: not this one"):
        store.write([batch(record(count=1), record(time_ns=5, count=2))])
    store.write([batch(record(time_ns=6, count=3))])
    assert rows(path, "SELECT count FROM spend") == [{"count": 3}]


def test_a_writer_that_keeps_the_file_too_long_is_told_of(path: Path) -> None:
    store = Store(path, CATALOGUE, busy_s=0.05)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Retry, match=r"other writers kept it locked for 0\.05 s"):
            store.write([batch(record())])
        other.execute("ROLLBACK")
    store.write([batch(record())])
    assert rows(path, "SELECT count FROM spend") == [{"count": 3}]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="cannot be used as a store") as error:
        Store(tmp_path / "no" / "store.db", CATALOGUE)
    assert "\n" not in str(error.value)


def test_a_file_that_is_no_database_is_told(path: Path) -> None:
    path.write_text("This is a text, and long enough to look like a header. " * 40)
    with pytest.raises(UserMistake, match="file is not a database"):
        Store(path, CATALOGUE)


@pytest.mark.parametrize("umask", [0, 0o777])
def test_the_file_and_those_beside_it_are_of_its_user_alone(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        store = Store(path, CATALOGUE)
        store.write([batch(record())])
        modes = {one.name: one.stat().st_mode & 0o777 for one in path.parent.glob("store.db*")}
        store.close()
    finally:
        os.umask(before)
    assert modes.keys() == {"store.db", "store.db-wal", "store.db-shm"}
    assert set(modes.values()) == {0o600}


def test_a_file_that_was_shared_on_purpose_stays_so(path: Path) -> None:
    path.touch()
    path.chmod(0o640)
    Store(path, CATALOGUE).close()
    assert path.stat().st_mode & 0o777 == 0o640
