"""Windows whose process is killed, at whatever moment, and started again in another shape."""

import pickle
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir

from benchmarks.flow_process import ROOT, free_ports
from operators.keygroups.shelf import FOLDER
from tests.operators.windows.test_operator import Item, check_records
from tests.services.process import wait_until
from tidegauge.records import RecordBatch

SHAPES = [(1, 1), (2, 1), (1, 2), (1, 1)]
"""Worker threads and processes, run after run."""


def start(store: Path, workers: int, processes: int) -> list[subprocess.Popen[bytes]]:
    ports = free_ports(processes) if processes > 1 else []
    addresses = ",".join(f"127.0.0.1:{port}" for port in ports)
    module = [sys.executable, "-m", "tests.operators.windows.killed_flow"]
    return [
        subprocess.Popen(
            [*module, str(store), str(workers), str(number), addresses],
            cwd=ROOT,
            stderr=(store.parent / f"errors-{number}").open("wb"),
        )
        for number in range(processes)
    ]


def kill(running: list[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.kill()
    for process in running:
        process.wait()


def written(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("records-*"))


def reached(folder: Path, goal: int) -> bool:
    return written(folder) >= goal


def alive(running: list[subprocess.Popen[bytes]]) -> bool:
    return all(process.poll() is None for process in running)


def records(folder: Path) -> list[Item]:
    """What was written, the last line of a file that was being written to left out."""
    found: list[Item] = []
    for path in folder.glob("records-*"):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                signal, frame = pickle.loads(bytes.fromhex(line.decode()))  # noqa: S301 - ours
                found.append(("", RecordBatch(signal, frame)))
    return found


@pytest.fixture
def store(tmp_path: Path) -> Path:
    place = tmp_path / "store"
    place.mkdir()
    init_db_dir(place, 3)  # type: ignore[no-untyped-call]  # published so
    return place


def test_a_kill_at_any_moment_loses_and_falsifies_nothing(store: Path) -> None:
    chance, folder = random.Random(5), store.parent
    for workers, processes in SHAPES:
        goal = written(folder) + chance.randrange(1, 20_000)
        running = start(store, workers, processes)
        wait_until(partial(reached, folder, goal), seconds=120, alive=partial(alive, running))
        kill(running)
    for process in start(store, 1, 1):
        assert process.wait(600) == 0, (folder / "errors-0").read_text()
    assert list((store / FOLDER).glob("*/*/0*"))
    check_records(records(folder), crashed=True)


def test_without_its_pieces_it_does_not_start(store: Path) -> None:
    running = start(store, 1, 1)
    assert wait_until(lambda: written(store.parent) > 10_000, seconds=120)
    kill(running)
    for path in (store / FOLDER).glob("*/*/0*"):
        path.unlink()
    (process,) = start(store, 1, 1)
    assert process.wait(120) == 1
    told = (store.parent / "errors-0").read_text()
    assert "tidegauge.errors.UserMistake: saved state: " in told
