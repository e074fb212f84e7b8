"""A file is read again when it is another one, and a wrong one changes nothing."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

from connectors.tables.file import FileTable
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Table

TABLE = Table.model_validate(
    {"file": "t.csv", "key": "k", "fields": {"k": {"type": "string"}, "v": {"type": "int"}}}
)


@dataclass
class Seen:
    """A file, and what came of it."""

    file: Path
    contents: list[dict[str, int]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        """Other content, with another time."""
        before = self.file.stat().st_mtime_ns if self.file.exists() else 0
        self.file.write_text(f"k,v\n{text}\n")
        os.utime(self.file, ns=(0, before + 1_000_000))

    def replace(self, rows: pl.DataFrame) -> None:
        """Note the rows."""
        self.contents.append(dict(rows.rows()))


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    return Seen(tmp_path / "t.csv")


def loaded(seen: Seen) -> FileTable:
    """The table, loaded from a file with one row."""
    seen.write("a,1")
    table = FileTable("t", seen.file, TABLE, seen.replace, seen.told.append)
    table.load()
    return table


def test_a_file_that_stays_as_it_is_is_read_once(seen: Seen) -> None:
    table = loaded(seen)
    for _ in range(3):
        table.poll()
    assert seen.contents == [{"a": 1}]


def test_a_changed_file_is_read_when_it_has_come_to_rest(seen: Seen) -> None:
    table = loaded(seen)
    seen.write("a,2")
    table.poll()
    seen.write("a,2\nb,3")
    table.poll()
    assert seen.contents == [{"a": 1}]
    table.poll()
    assert seen.contents[1:] == [{"a": 2, "b": 3}]


def test_a_file_put_in_its_place_is_read(seen: Seen, tmp_path: Path) -> None:
    table = loaded(seen)
    before = seen.file.stat().st_mtime_ns
    other = tmp_path / "other"
    other.write_text("k,v\na,7\n")
    os.utime(other, ns=(0, before))
    other.replace(seen.file)
    table.poll()
    table.poll()
    assert seen.contents[1:] == [{"a": 7}]


def test_a_wrong_file_is_told_once_and_changes_nothing(seen: Seen) -> None:
    table = loaded(seen)
    for _ in range(2):
        seen.write("a,x")
        table.poll()
        table.poll()
        table.poll()
    row = f"tables.t: {seen.file}: row 1: v is 'x', allowed is int"
    assert seen.told == [f"{row}; the table stays as it was"]
    assert seen.contents == [{"a": 1}]
    seen.write("a,2")
    table.poll()
    table.poll()
    assert seen.contents[1:] == [{"a": 2}]
    seen.write("a,x")
    table.poll()
    table.poll()
    assert len(seen.told) == 2


def test_a_file_that_vanishes_is_told_once_and_changes_nothing(seen: Seen) -> None:
    table = loaded(seen)
    seen.file.unlink()
    for _ in range(4):
        table.poll()
    (line,) = seen.told
    assert line.endswith("cannot be read: No such file or directory; the table stays as it was")
    assert seen.contents == [{"a": 1}]


def test_at_the_start_a_wrong_file_is_refused(seen: Seen) -> None:
    table = FileTable("t", seen.file, TABLE, seen.replace, seen.told.append)
    with pytest.raises(UserMistake, match="No such file"):
        table.load()
