"""Records that SQLite refuses are dead letters, and the others are stored."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.embedded.sink import StorePart, StoreSink
from tests.connectors.samples import CATALOGUE as SPEND
from tests.connectors.samples import batch, record
from tidegauge.catalogue import DEAD_LETTER_SIGNAL, Catalogue
from tidegauge.records import RecordBatch

CATALOGUE = Catalogue(
    SPEND.pipeline,
    {**SPEND.signals, DEAD_LETTER_SIGNAL.name: DEAD_LETTER_SIGNAL},
    SPEND.constant_tags,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def column(path: Path, query: str) -> list[object]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute(query)]


def part_of(path: Path, letters: list[RecordBatch]) -> StorePart:
    return StoreSink(path, CATALOGUE, letters=letters.append).build_part("s", "00", None)


def test_a_record_that_is_too_large_is_a_letter_in_the_store_and_in_the_topic(path: Path) -> None:
    letters: list[RecordBatch] = []
    part = part_of(path, letters)
    part._store._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 400_000)
    large = "x" * 500_000
    part.write_batch([batch(record(time_ns=1), record(time_ns=2, note=large), record(time_ns=3))])
    assert column(path, "SELECT time_ns FROM spend ORDER BY 1") == [1, 3]
    (letter,) = [row for one in letters for row in one.frame.iter_rows(named=True)]
    assert (letter["kind"], letter["topic"]) == ("refused", "sqlite:store.db")
    assert letter["reason"] == "SQLite: string or blob too big"
    assert len(letter["payload"]) == 131_072
    assert letter["size"] > 500_000
    assert column(path, "SELECT kind FROM dead_letters") == ["refused"]


def test_a_constraint_that_somebody_has_added_refuses_single_records(path: Path) -> None:
    letters: list[RecordBatch] = []
    StoreSink(path, CATALOGUE).build_part("s", "00", None).close()
    with sqlite3.connect(path) as connection:
        (made,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'spend'"
        ).fetchone()
        connection.execute("DROP TABLE spend")
        connection.execute(made[:-1] + ", CHECK (count < 10))")
    part_of(path, letters).write_batch([batch(record(count=1), record(time_ns=5, count=20))])
    assert column(path, "SELECT count FROM spend") == [1]
    (payload,) = column(path, "SELECT payload FROM dead_letters")
    told = json.loads(str(payload))
    assert (told["signal"], told["time_ns"], told["count"]) == ("spend", 5, 20)
    assert len(letters) == 1
