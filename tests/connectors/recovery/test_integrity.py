"""Damage of every sort, in any file of a recovery directory, is told in a line."""

import os
import pickle
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from connectors.recovery.contents import read_contents
from connectors.recovery.integrity import fault
from dataflows.lifecycle.recoverable import require_own, require_readable
from tests.connectors.recovery.test_contents import saved
from tests.connectors.recovery.test_inert import Evil
from tests.tidegauge.cli.test_main import run
from tests.tidegauge.test_savedstate import resealed
from tidegauge.errors import UserMistake
from tidegauge.savedstate import dumps
from tidegauge.texts import visible

PLACES = 60
"""Bytes that are changed in each file, one at a time."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recovery directory of a flow that has ended in the middle."""
    folder = saved(tmp_path_factory.mktemp("sound") / "state", 12)
    for path in folder.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.execute("PRAGMA journal_mode = DELETE")
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(sound, tmp_path / "state"))


def refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The line with which a flow does not start; `inspect` tells of a problem, too."""
    with pytest.raises(UserMistake) as error:
        require_readable(folder)
    assert run("state", "inspect", str(folder), capsys=capsys)[0] == 1
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"recovery directory {folder}: ")
    assert line.endswith(
        "; put back a copy of the folder, or start with an empty recovery directory"
    )
    return line


def test_what_is_sound_is_read(folder: Path) -> None:
    require_own(folder)
    require_readable(folder)
    assert read_contents(folder).problems == []


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "text": lambda _: b"no database\n" * 1_000,
    "other bytes": lambda old: bytes(reversed(old)),
    "a page less": lambda old: old[:-4_096],
    "a byte less": lambda old: old[:-1],
    "half": lambda old: old[: len(old) // 2],
    "a page of others": lambda old: old[:8_192] + os.urandom(4_096) + old[12_288:],
    "the mark only": lambda old: old[:16],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_partition_is_a_line(
    folder: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "part-1.sqlite3"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert "part-1.sqlite3 " in refused(folder, capsys)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE commits",
        "CREATE VIEW more AS SELECT * FROM snaps",
        "CREATE TRIGGER more AFTER INSERT ON snaps BEGIN DELETE FROM exs; END",
        "ALTER TABLE snaps ADD COLUMN more AS (snap_epoch + 1)",
        "ALTER TABLE snaps RENAME TO other",
        "UPDATE exs SET worker_count = 100000000",
        "UPDATE exs SET resume_epoch = -1",
        "UPDATE fronts SET worker_frontier = 9223372036854775807",
        "UPDATE snaps SET ser_change = x'80044e'",
        "UPDATE snaps SET ser_change = x'80045d942e'",
        "UPDATE snaps SET ser_change = x'8004430061942e'",
        "UPDATE parts SET part_index = 1 - part_index",
        "DELETE FROM parts",
    ],
)
def test_a_partition_that_another_has_changed_is_a_line(
    folder: Path, statement: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in folder.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("PRAGMA writable_schema = ON")
            db.execute(statement)
    with pytest.raises(UserMistake) as error:
        require_readable(folder)
    lines = str(error.value).splitlines()
    assert lines
    assert all(line.startswith(f"recovery directory {folder}: part-") for line in lines)
    assert run("state", "inspect", str(folder), capsys=capsys)[0] == 1


def test_a_state_that_would_run_code_is_not_unpickled(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither as the engine pickles, nor within what a step has saved: a start says what it saw."""
    made = tmp_path / "made"
    with closing(sqlite3.connect(folder / "part-0.sqlite3")) as db, db:
        db.execute("UPDATE snaps SET ser_change = ?", [pickle.dumps(Evil(made))])
    assert "not in the format of this program (it has " in refused(folder, capsys)
    assert not made.exists()


@pytest.mark.parametrize(
    "name",
    ["evil.sqlite3", ".part-9.sqlite3", "part-x.sqlite3", "part-00.sqlite3", "\udcff.sqlite3"],
)
def test_a_file_beside_the_partitions_is_not_opened(
    folder: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine opens all that is called so, whatever it has made."""
    other = folder / name
    shutil.copy(folder / "part-0.sqlite3", other)
    with closing(sqlite3.connect(other)) as db, db:
        db.execute("UPDATE snaps SET ser_change = ?", [pickle.dumps(Evil(tmp_path / "made"))])
    assert f"{visible(name)} is no partition of it" in visible(refused(folder, capsys))
    code, _, told = run("state", "backup", str(folder), str(tmp_path / "copy"), capsys=capsys)
    assert (code, len(told.splitlines())) == (2, 1)
    assert not (tmp_path / "made").exists()


def test_state_of_a_version_without_the_format_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(folder / "part-0.sqlite3")) as db, db:
        db.execute("UPDATE snaps SET ser_change = ?", [pickle.dumps({"version": 4})])
    assert "not in the format of this program" in refused(folder, capsys)


def test_what_fits_no_step_is_a_problem(folder: Path) -> None:
    """Whole, and within each other so often that nobody can look at it."""
    deep = resealed(b"\x80\x05" + b"]" * 50_000 + b"a" * 49_999 + b".")
    for state in (deep, dumps([1, {"version": "x"}]), dumps({"version": 1, "watermark": 3})):
        with closing(sqlite3.connect(folder / "part-0.sqlite3")) as db, db:
            db.execute("UPDATE snaps SET ser_change = ?", [pickle.dumps(state)])
        read_contents(folder)


def test_a_copy_of_what_nobody_can_look_at_is_a_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deep = resealed(b"\x80\x05" + b"]" * 50_000 + b"a" * 49_999 + b".")
    with closing(sqlite3.connect(folder / "part-0.sqlite3")) as db, db:
        db.execute("UPDATE snaps SET ser_change = ?", [pickle.dumps(deep)])
    code, _, told = run("state", "backup", str(folder), str(tmp_path / "copy"), capsys=capsys)
    assert (code, len(told.splitlines())) == (2, 1)


def test_any_changed_byte_is_harmless_or_a_line(folder: Path) -> None:
    """In free space, or in a number that nothing contradicts, a byte may change unseen."""
    told = 0
    chance = np.random.default_rng(5)
    for path in sorted(folder.glob("part-*.sqlite3")):
        sound = path.read_bytes()
        for at in chance.integers(0, len(sound), PLACES):
            changed = bytearray(sound)
            changed[at] ^= chance.integers(1, 256)
            path.write_bytes(changed)
            problems = read_contents(folder).problems
            if why := fault(path):
                told += 1
                assert problems == [f"{path.name} {why}"]
                assert "\n" not in why
        path.write_bytes(sound)
    assert told


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 9}', '{"version": 1}', "\xff"]
)
def test_damaged_definitions_are_a_problem(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "definitions.json").write_bytes(text.encode("latin-1"))
    code, out, _ = run("state", "inspect", str(folder), capsys=capsys)
    assert code == 1
    assert f"problem: saved state: {folder / 'definitions.json'}: " in out


def test_a_directory_that_has_lost_its_partitions_is_a_problem(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "definitions.json").write_text("{}")
    for path in folder.glob("part-*"):
        path.unlink()
    code, out, _ = run("state", "inspect", str(folder), capsys=capsys)
    assert (code, "problem: there are no recovery partitions" in out) == (1, True)
