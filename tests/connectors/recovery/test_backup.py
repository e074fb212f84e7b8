"""Copies of saved state that is being written, in files with pieces, epochs of 20 ms."""

import json
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from connectors.recovery.backup import back_up
from connectors.recovery.contents import PIECES, read_contents
from tests.operators.windows.test_killed import alive, kill, records, start, store, written
from tests.operators.windows.test_operator import check_records
from tests.services.process import wait_until
from tests.tidegauge.cli.test_main import run
from tidegauge.errors import UserMistake

__all__ = ["store"]


def reached(folder: Path, goal: int) -> bool:
    return written(folder) >= goal


def test_a_start_from_a_copy_made_while_the_flow_runs_gives_the_same(
    store: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, copy = store.parent, store.parent / "copy"
    running = start(store, 1, 2)
    wait_until(partial(reached, folder, 6_000), seconds=120, alive=partial(alive, running))
    moment = back_up(store, copy)
    assert alive(running)
    kill(running)
    assert (moment.workers, moment.execution) == (2, 0)
    found = read_contents(copy)
    assert (found.epoch, found.problems) == (moment.epoch, [])
    assert {one.partition for one in found.positions} == {"0", "1", "2"}
    shutil.rmtree(store)
    for process in start(copy, 1, 1):
        assert process.wait(600) == 0, (folder / "errors-0").read_text()
    check_records(records(folder), crashed=True)
    # What the last run left is inspected as a user does it.
    code, out, _ = run("state", "inspect", str(copy), "--json", capsys=capsys)
    told = json.loads(out)
    groups = {one["part"]: one for one in told["groups"] if one["part"]}
    assert code == 0
    assert groups.keys() == {"window:w", "window:total"}
    assert {one["version"] for one in groups.values()} == {3}
    # A piece that is gone is told, and a copy is not made.
    gone = max((copy / PIECES).glob("*/*/0*"), key=lambda path: path.stat().st_size)
    for path in gone.parent.iterdir():
        path.write_bytes(b"")
    if any(one["pieces"] and one["group"] == gone.parent.name for one in told["groups"]):
        assert run("state", "inspect", str(copy), capsys=capsys)[0] == 1


def test_files_of_different_moments_are_told(
    store: Path,
) -> None:
    with closing(sqlite3.connect(store / "part-0.sqlite3")) as connection, connection:
        connection.execute("INSERT INTO commits (part_index, commit_epoch) VALUES (0, 99)")
    (problem,) = read_contents(store).problems
    assert "not of one moment" in problem
    with pytest.raises(UserMistake, match="went on to another epoch"):
        back_up(store, store.parent / "copy", try_for_s=0)


def test_says_what_cannot_be_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("state", "inspect", str(tmp_path), capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"recovery directory {tmp_path}: no recovery partitions in it")
    (tmp_path / "part-0.sqlite3").write_text("no database")
    assert (
        "cannot be read as saved state" in run("state", "inspect", str(tmp_path), capsys=capsys)[2]
    )
    assert run("state", "backup", str(tmp_path), capsys=capsys)[0] == 2
    assert run("state", "backup", str(tmp_path), str(tmp_path), capsys=capsys)[0] == 2
