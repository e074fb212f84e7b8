"""Records are read back, and a store that is damaged is told of in one line."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from connectors.embedded.rows import EmbeddedRows
from tidegauge.errors import UserMistake
from tidegauge.stored import Stored

SPEND = Stored("spend", "payments", ("region",), ("total",))
PAGE = 4_096
READINGS: tuple[Callable[[EmbeddedRows], object], ...] = (
    lambda rows: rows.rows(SPEND, 0, 10_000),
    lambda rows: rows.newest_ns(SPEND),
    lambda rows: rows.times(SPEND, 100),
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of a thousand records, of many pages."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE}")
        connection.execute("CREATE TABLE spend (time_ns, pipeline, region, total)")
        connection.executemany(
            "INSERT INTO spend VALUES (?, 'payments', ?, 1.5)",
            [(number, "north" * 20) for number in range(1_000)],
        )
        connection.commit()
    return path


def test_records_of_a_range_and_every_so_many_th_time(store: Path) -> None:
    rows = EmbeddedRows(store)
    assert [row["time_ns"] for row in rows.rows(SPEND, 5, 8)] == [5, 6, 7]
    assert rows.newest_ns(SPEND) == 999
    assert rows.times(SPEND, 500) == [499, 999]


@pytest.mark.parametrize("reading", READINGS)
def test_a_damaged_store_is_told_in_one_line(
    store: Path, reading: Callable[[EmbeddedRows], object]
) -> None:
    content = bytearray(store.read_bytes())
    content[PAGE:] = b"\x5a" * (len(content) - PAGE)
    store.write_bytes(content)
    with pytest.raises(UserMistake, match=r"store\.db: cannot be read: ") as error:
        reading(EmbeddedRows(store))
    assert "\n" not in str(error.value)
