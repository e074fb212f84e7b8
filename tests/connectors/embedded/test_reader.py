"""Reading a store: it cannot be changed, and what is wrong is said in a line."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.embedded.reader import open_store, query
from connectors.embedded.store import Store
from tests.connectors.samples import CATALOGUE, batch, record
from tidegauge.errors import UserMistake


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a store? #1.db"
    store = Store(path, CATALOGUE)
    store.write([batch(record(), record(time_ns=1, region="us"))])
    store.close()
    return path


def test_a_query_gives_a_data_frame(path: Path) -> None:
    frame = query(path, "SELECT region, count FROM spend WHERE region = ?", ["us"])
    assert frame.to_dict("list") == {"region": ["us"], "count": [3]}


def test_times_keep_all_their_digits_beside_a_null(path: Path) -> None:
    store = Store(path, CATALOGUE)
    store.write([batch(record(time_ns=2, start_ns=None))])
    store.close()
    times = query(path, "SELECT start_ns FROM spend ORDER BY start_ns DESC")["start_ns"]
    assert times[0] == 1_789_999_999_999_999_990
    assert times.isna().tolist() == [False, False, True]


def test_columns_may_have_the_same_name(path: Path) -> None:
    assert query(path, "SELECT 1 AS a, 2 AS a").to_numpy().tolist() == [[1, 2]]


def test_a_query_without_rows_still_has_columns(path: Path) -> None:
    assert list(query(path, "SELECT region FROM spend WHERE count > 99").columns) == ["region"]


def test_a_reader_cannot_write(path: Path) -> None:
    with closing(open_store(path)) as connection, pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM spend")


def test_a_wrong_query_is_told_in_a_line(path: Path) -> None:
    with pytest.raises(UserMistake, match="the store refuses the query: no such table: nowhere"):
        query(path, "SELECT * FROM nowhere")


def test_a_missing_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="there is no such file"):
        open_store(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_store_is_told(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database" * 100)
    with pytest.raises(UserMistake, match="cannot be read as a store"):
        open_store(path)
