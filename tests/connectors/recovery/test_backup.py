"""Copies of saved state that is being written, in files with pieces, epochs of 20 ms."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, run_main
from polars.testing import assert_frame_equal

from connectors.recovery.backup import back_up
from connectors.recovery.contents import PIECES, places, read_contents
from connectors.recovery.inert import read_inert
from connectors.recovery.lock import claim
from connectors.recovery.remembered import write_definitions
from connectors.recovery.store import opened
from dataflows.topology.sealed import seal
from operators.keygroups import shelf
from operators.keygroups.shelf import Saving
from operators.windows.operator import windows
from tests.operators.windows.test_killed import alive, kill, records, start, store, written
from tests.operators.windows.test_operator import (
    SLIDING,
    TOTAL,
    Item,
    check_records,
    make_source_of_log,
)
from tests.services.process import wait_until
from tests.tidegauge.cli.test_main import run
from tidegauge.errors import UserMistake
from tidegauge.statedefs import Definitions

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
    assert {one["version"] for one in groups.values()} == {4}


@pytest.fixture
def stopped(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recovery directory of a flow that has ended in the middle, with pieces in files."""
    monkeypatch.setattr(shelf, "INLINE_BELOW", 0)
    run_on(store, [], at=20)
    write_definitions(store, Definitions("windows", 4, {}))
    return store


def run_on(folder: Path, out: list[Item], at: int = -1) -> None:
    """Run the flow of the log of `test_operator` from saved state, up to a batch if one is told."""
    flow = Dataflow("windows")
    batches = op.input("in", flow, make_source_of_log(20, at))
    saving = Saving(folder=folder / PIECES)
    op.output(
        "out", windows("windows", batches, [SLIDING, TOTAL], 4, lambda: 0, saving), TestingSink(out)
    )
    run_main(  # type: ignore[no-untyped-call]  # published so
        seal(flow),
        epoch_interval=timedelta(0),
        recovery_config=RecoveryConfig(str(folder)),  # type: ignore[no-untyped-call]  # as above
    )


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its place, but what SQLite needs to read one."""
    files = (path for path in folder.rglob("*") if path.is_file())
    files = (path for path in files if not path.name.endswith(("-shm", "-wal")))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_copy_of_a_flow_that_was_stopped_is_one_that_a_start_goes_on_from(stopped: Path) -> None:
    claim(stopped, "", 0).release()
    before, copy = content(stopped), stopped.parent / "copy"
    moment = back_up(stopped, copy)
    assert content(stopped) == before
    copied = content(copy)
    assert {name for name in copied if "/" not in name} == {
        "definitions.json",
        *(f"part-{number}.sqlite3" for number in range(3)),
    }
    pieces = {name: data for name, data in copied.items() if name.startswith(f"{PIECES}/")}
    assert pieces
    assert pieces.items() <= before.items()
    assert read_contents(copy) == replace(read_contents(stopped), folder=str(copy))
    assert (moment.execution, moment.workers) == (0, 1)
    assert moment.epoch > 1
    rest, whole = list[Item](), list[Item]()
    run_on(copy, rest)
    run_on(stopped, whole)
    assert len(rest) == len(whole) > 0
    for (key, one), (another, other) in zip(rest, whole, strict=True):
        assert key == another
        assert_frame_equal(one.frame, other.frame)


def test_a_piece_that_is_gone_or_cut_short_is_told_and_not_copied(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(stopped) as state:
        named = [
            place
            for saved in state.snapshots(state.moment().epoch)
            for place in places(stopped, saved, read_inert(saved.data or b""))
        ]
    piece, end = max((path, offset + size) for path, offset, size, _ in named)
    short = piece.read_bytes()[: end - 1]
    damages = [(short, "is too short"), (b"", "is too short"), (None, "is missing")]
    for damage, told in damages:
        piece.unlink()
        if damage is not None:
            piece.write_bytes(damage)
        code, out, _ = run("state", "inspect", str(stopped), capsys=capsys)
        assert code == 1
        assert f"problem: {piece} {told}: windows." in out
        copy = str(stopped.parent / "copy")
        with pytest.raises(UserMistake, match=r"was written over|was gone"):
            back_up(stopped, Path(copy), try_for_s=0)
        assert list(Path(copy).iterdir()) == []


def test_a_missing_partition_is_told_and_not_copied(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stopped / "part-1.sqlite3").unlink()
    code, out, _ = run("state", "inspect", str(stopped), capsys=capsys)
    assert (code, "problem: recovery partition 1 is missing" in out) == (1, True)
    code, _, err = run("state", "backup", str(stopped), str(stopped.parent / "c"), capsys=capsys)
    assert (code, err) == (2, f"{stopped}: recovery partition 1 is missing\n")


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
    code, out, _ = run("state", "inspect", str(tmp_path), capsys=capsys)
    assert (code, "problem: part-0.sqlite3 cannot be read (file is not a " in out) == (1, True)
    assert run("state", "backup", str(tmp_path), capsys=capsys)[0] == 2
    assert run("state", "backup", str(tmp_path), str(tmp_path), capsys=capsys)[0] == 2
