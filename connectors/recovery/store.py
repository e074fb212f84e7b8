"""The engine's recovery partitions: SQLite files, read as they are at one moment.

The resume epoch is where the last execution's slowest worker was: every snapshot of an epoch before
it is saved, and of those the newest of each key is what a start goes on from. A partition forgets
older snapshots up to its commit epoch.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tidegauge.errors import UserMistake

PARTITIONS = "*.sqlite3"
"""Names of all that the engine opens in a recovery directory; what it makes is `part-N.sqlite3`."""
_BUSY_S = 5.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is saved of one key of one step; None where the key was discarded."""

    step: str
    key: str
    epoch: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a start would go on.

    Attributes:
        execution: number of the last run; None where there was none.
        workers: how many workers it had.
        epoch: the resume epoch.
    """

    execution: int | None
    workers: int
    epoch: int


class RecoveryStore:
    """The partitions of a recovery directory, each within a transaction that only reads.

    Args:
        connections: by file name.
    """

    def __init__(self, connections: dict[str, sqlite3.Connection]) -> None:
        self.connections = connections

    def moment(self) -> Moment:
        """Where a start would go on."""
        executions: dict[int, tuple[int, int]] = {}
        fronts: dict[tuple[int, int], int] = {}
        for connection in self.connections.values():
            executions |= {
                number: (workers, epoch)
                for number, workers, epoch in connection.execute(
                    "SELECT ex_num, worker_count, resume_epoch FROM exs"
                )
            }
            fronts |= {
                (number, worker): epoch
                for number, worker, epoch in connection.execute(
                    "SELECT ex_num, worker_index, worker_frontier FROM fronts"
                )
            }
        if not executions:
            return Moment(None, 0, 1)
        last = max(executions)
        workers, resumed = executions[last]
        epoch = min(fronts.get((last, worker), resumed) for worker in range(workers))
        return Moment(last, workers, epoch)

    def committed(self) -> int:
        """The newest epoch up to which a partition has forgotten older snapshots."""
        found = [
            row[0]
            for connection in self.connections.values()
            for row in connection.execute("SELECT max(commit_epoch) FROM commits")
        ]
        return max((epoch for epoch in found if epoch is not None), default=0)

    def of_one_moment(self) -> bool:
        """Whether no partition has forgotten what a start would go on from."""
        return self.committed() <= self.moment().epoch

    def missing(self) -> list[int]:
        """Numbers of partitions that are not in the directory."""
        count, there = 0, set()
        for connection in self.connections.values():
            for index, of in connection.execute("SELECT part_index, part_count FROM parts"):
                there.add(index)
                count = max(count, of)
        return sorted(set(range(count)) - there)

    def snapshots(self, before: int) -> Iterator[Snapshot]:
        """What a start goes on from at an epoch, by step and key."""
        for connection in self.connections.values():
            yield from (
                Snapshot(*row)
                for row in connection.execute(
                    "SELECT step_id, state_key, max(snap_epoch), ser_change FROM snaps"
                    " WHERE snap_epoch < ? GROUP BY step_id, state_key ORDER BY 1, 2",
                    [before],
                )
            )


def partition_files(folder: Path) -> Sequence[Path]:
    """The engine's files in a recovery directory.

    Raises:
        UserMistake: there are none.
    """
    files = sorted(folder.glob(PARTITIONS)) if folder.is_dir() else []
    if not files:
        raise UserMistake(
            f"recovery directory {folder}: no recovery partitions in it; name the folder that the"
            " flow was started with"
        )
    return files


def partition_number(path: Path) -> int | None:
    """The number in the name of a partition's file; None where it has none."""
    number = path.name.removeprefix("part-").removesuffix(".sqlite3")
    return int(number) if number.isdecimal() and number.isascii() else None


def connect(path: Path) -> sqlite3.Connection:
    """A connection that only reads; transactions begin where they are told to.

    Raises:
        sqlite3.Error: the file cannot be opened.
    """
    address = f"file:{quote(bytes(path.absolute()))}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None)


@contextmanager
def opened(folder: Path) -> Iterator[RecoveryStore]:
    """The partitions as they are now, also while a flow writes them.

    Raises:
        UserMistake: there are none, or a file is no recovery partition.
    """
    with ExitStack() as held:
        connections = {}
        for file in partition_files(folder):
            try:
                connection = connect(file)
                held.callback(connection.close)
                connection.execute("BEGIN")
                # What is read first fixes what is seen from then on.
                connection.execute("SELECT count(*) FROM fronts").fetchone()
            except sqlite3.Error as error:
                raise UserMistake(f"{file}: cannot be read as saved state ({error})") from None
            connections[file.name] = connection
        yield RecoveryStore(connections)
