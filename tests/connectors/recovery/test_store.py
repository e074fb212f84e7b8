"""What a start goes on from, by what the engine's partitions hold."""

import pickle
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir

from connectors.recovery.backup import back_up
from connectors.recovery.contents import read_contents
from connectors.recovery.store import Moment, Snapshot, opened
from tidegauge.errors import UserMistake
from tidegauge.savedstate import dumps

INSERTS = {
    "exs": "INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (?, ?, ?)",
    "fronts": "INSERT INTO fronts (ex_num, worker_index, worker_frontier) VALUES (?, ?, ?)",
    "commits": "INSERT INTO commits (part_index, commit_epoch) VALUES (?, ?)",
    "snaps": "INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, ?, ?)",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A recovery directory with three partitions, as they are made."""
    made = tmp_path / "state"
    made.mkdir()
    init_db_dir(made, 3)  # type: ignore[no-untyped-call]  # published so
    return made


def put(folder: Path, part: int, table: str, *rows: tuple[object, ...]) -> None:
    """Rows of one partition, as the engine writes them."""
    with closing(sqlite3.connect(folder / f"part-{part}.sqlite3")) as connection, connection:
        connection.executemany(INSERTS[table], rows)


def moment(folder: Path) -> Moment:
    with opened(folder) as store:
        return store.moment()


def test_nothing_was_run_yet(folder: Path) -> None:
    assert moment(folder) == Moment(None, 0, 1)


def test_two_workers_at_different_epochs_go_on_at_the_earlier_one(folder: Path) -> None:
    """Whichever of them it is, and in whichever partitions they have told."""
    put(folder, 0, "exs", (0, 2, 1))
    put(folder, 1, "fronts", (0, 0, 7))
    put(folder, 2, "fronts", (0, 1, 5))
    assert moment(folder) == Moment(0, 2, 5)
    put(folder, 1, "exs", (1, 2, 5))
    put(folder, 2, "fronts", (1, 0, 9))
    put(folder, 0, "fronts", (1, 1, 11))
    assert moment(folder) == Moment(1, 2, 9)


def test_a_worker_that_has_told_nothing_is_where_the_run_began(folder: Path) -> None:
    put(folder, 0, "exs", (0, 1, 1), (1, 3, 4))
    put(folder, 0, "fronts", (0, 0, 4), (1, 0, 9), (1, 2, 8))
    assert moment(folder) == Moment(1, 3, 4)


def test_only_the_last_run_counts(folder: Path) -> None:
    put(folder, 0, "exs", (0, 1, 1))
    put(folder, 1, "exs", (1, 1, 6))
    put(folder, 0, "fronts", (0, 0, 2))
    put(folder, 2, "fronts", (1, 0, 8))
    assert moment(folder) == Moment(1, 1, 8)


def test_of_each_key_the_newest_before_the_epoch_is_what_counts(folder: Path) -> None:
    put(folder, 0, "snaps", ("f.a", "1", 3, b"3"), ("f.a", "1", 5, b"5"), ("f.a", "1", 6, b"6"))
    put(folder, 1, "snaps", ("f.a", "2", 4, b"4"), ("f.a", "2", 5, None), ("f.b", "2", 9, b"9"))
    with opened(folder) as store:
        assert list(store.snapshots(6)) == [
            Snapshot("f.a", "1", 5, b"5"),
            Snapshot("f.a", "2", 5, None),
        ]


def test_missing_partitions_are_told_by_their_numbers(folder: Path) -> None:
    for part in (0, 2):
        (folder / f"part-{part}.sqlite3").unlink()
    with opened(folder) as store:
        assert store.missing() == [0, 2]


@pytest.mark.parametrize(("forgotten", "together"), [(4, True), (5, True), (6, False)])
def test_what_was_forgotten_must_be_older_than_where_it_goes_on(
    folder: Path, forgotten: int, *, together: bool
) -> None:
    put(folder, 0, "exs", (0, 1, 1))
    put(folder, 0, "fronts", (0, 0, 5))
    put(folder, 2, "commits", (2, forgotten))
    with opened(folder) as store:
        assert store.committed() == forgotten
        assert store.of_one_moment() is together
    assert bool(read_contents(folder).problems) is not together


def test_workers_at_different_epochs_are_copied_and_shown_as_of_the_earlier(folder: Path) -> None:
    """The state of the faster one from before that is what a start takes, in the copy, too."""
    put(folder, 0, "exs", (0, 2, 1))
    put(folder, 0, "fronts", (0, 0, 7), (0, 1, 5))
    for epoch in (3, 4, 6):
        state = {"version": 1, "watermark": {"value_ns": epoch}}
        put(folder, 1, "snaps", ("f.windows", "g1", epoch, pickle.dumps(dumps(state))))
        put(folder, 2, "snaps", ("f.read_s", "s-0", epoch, pickle.dumps(dumps((100 * epoch, 1)))))
    copy = folder.parent / "copy"
    assert back_up(folder, copy) == Moment(0, 2, 5)
    for looked_at in (folder, copy):
        found = read_contents(looked_at)
        assert (found.epoch, found.workers, found.problems) == (5, 2, [])
        assert [(one.partition, one.offset) for one in found.positions] == [("s-0", 400)]
        assert [(one.group, one.watermark_ns) for one in found.groups] == [("g1", 4)]


def test_a_flow_that_goes_on_while_it_is_copied_is_copied_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, 0, "exs", (0, 1, 1))
    put(folder, 0, "fronts", (0, 0, 5))
    copied, times = opened, iter(range(1, 100))

    def going_on(path: Path) -> object:
        epoch = 5 + min(next(times), 3)
        put(path, 0, "commits", (epoch, epoch))
        with closing(sqlite3.connect(path / "part-0.sqlite3")) as connection, connection:
            connection.execute("UPDATE fronts SET worker_frontier = ?", [epoch])
            connection.execute("DELETE FROM commits")
        return copied(path)

    monkeypatch.setattr("connectors.recovery.backup.opened", going_on)
    assert back_up(folder, folder.parent / "copy") == Moment(0, 1, 8)
    assert next(times) == 5


def test_what_is_no_partition_is_told(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "part-7.sqlite3")) as connection, connection:
        connection.execute("CREATE TABLE other (x)")
    with pytest.raises(UserMistake, match=r"part-7\.sqlite3: cannot be read as saved state"):
        moment(folder)
