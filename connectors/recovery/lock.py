"""A recovery directory is of one cluster at a time: each of its processes holds a file locked.

The kernel lets go of a lock when its process ends, in whatever way; what is written in the file
only tells a person who holds it.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tidegauge.errors import UserMistake
from tidegauge.private import open_private

NAME = "lock"
"""Held by who looks at the locks or takes one, which are called `lock-N` for process N."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has locked the directory.

    Attributes:
        cluster: addresses of all processes of its cluster; empty for one that is alone.
        process: its number there.
        pid: its number on its machine.
        host: the machine.
        since: when it took the lock, ISO 8601.
        flow: name of what it runs; empty where an earlier version has not said so.
    """

    cluster: str
    process: int
    pid: int
    host: str
    since: str
    flow: str = ""

    def __str__(self) -> str:
        place = f"process {self.process} of a cluster, " if self.cluster else ""
        return f"{place}pid {self.pid} on {self.host} since {self.since}"


class Claim:
    """A lock that is held until `release` or the end of the process."""

    def __init__(self, held: int) -> None:
        self._held = held

    def release(self) -> None:
        """Let others have it."""
        os.close(self._held)


def is_lock(name: str) -> bool:
    """Whether a file of this name in the directory is one of the locks."""
    return name == NAME or name.startswith(f"{NAME}-")


def claim(folder: Path, cluster: str, process: int, flow: str = "") -> Claim:
    """Lock a recovery directory for a process, beside others of its cluster.

    Args:
        folder: the directory.
        cluster: addresses of all processes of the cluster; empty for one that is alone.
        process: the number of this one.
        flow: name of what it runs.

    Raises:
        UserMistake: another cluster or a process of this number holds it, or it cannot be locked.
    """
    own = folder / f"{NAME}-{process}"
    with guarded(folder):
        for holder in _holders(folder):
            if holder.cluster != cluster or not cluster:
                raise _refusal(folder, _running(holder, flow), holder)
            if holder.process == process:
                what = f"process {process} of this cluster runs already"
                raise _refusal(folder, what, holder)
        held = _open(own)
        if not _locked(held, own):
            raise UserMistake(f"recovery directory {folder}: {_unknown(own)}")
        me = Holder(cluster, process, os.getpid(), socket.gethostname(), _now(), flow)
        os.ftruncate(held, 0)
        os.pwrite(held, json.dumps(asdict(me)).encode(), 0)
        return Claim(held)


def require_unclaimed(folder: Path, flow: str = "") -> None:
    """See that no process holds a recovery directory.

    Args:
        folder: the directory.
        flow: name of what is to run.

    Raises:
        UserMistake: one does, or it cannot be told.
    """
    with guarded(folder):
        for holder in _holders(folder):
            raise _refusal(folder, _running(holder, flow), holder)


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Let nobody else look at the locks of a directory, or make its partitions, meanwhile.

    Raises:
        UserMistake: the file system takes no locks, or no files.
    """
    path = folder / NAME
    gate = _open(path)
    try:
        _flock(gate, path, fcntl.LOCK_EX)
        yield
    finally:
        os.close(gate)


def _holders(folder: Path) -> Iterator[Holder]:
    """Who holds the directory; what a process that is gone has left behind is passed over."""
    for path in sorted(folder.glob(f"{NAME}-*")):
        seen = _open(path)
        try:
            if _locked(seen, path):
                continue
            told = os.pread(seen, 65_536, 0)
        finally:
            os.close(seen)
        try:
            yield Holder(**json.loads(told))
        except (ValueError, TypeError):
            raise UserMistake(f"recovery directory {folder}: {_unknown(path)}") from None


def _open(path: Path) -> int:
    try:
        # Writable, for over NFS nothing else can be locked.
        return open_private(path, os.O_RDWR)
    except OSError as error:
        raise UserMistake(
            f"recovery directory {path.parent}: {path.name} cannot be written ({error.strerror});"
            " let this user write there"
        ) from None


def _locked(file: int, path: Path) -> bool:
    """Whether the file could be locked, as nobody else has."""
    try:
        _flock(file, path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flock(file: int, path: Path, how: int) -> None:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        raise
    except OSError as error:
        raise UserMistake(
            f"recovery directory {path.parent}: {path.name} cannot be locked ({error.strerror});"
            " put the directory on a file system with locks"
        ) from None


def _running(holder: Holder, flow: str) -> str:
    if not holder.flow:
        return "a flow runs already"
    if holder.flow == flow:
        return f"flow {flow!r} runs already"
    return f"another flow, {holder.flow!r}, runs"


def _refusal(folder: Path, what: str, holder: Holder) -> UserMistake:
    return UserMistake(
        f"recovery directory {folder}: {what} with it ({holder}); end that first, or name another"
        " directory"
    )


def _unknown(path: Path) -> str:
    return f"a process that has not said who it is holds {path.name}; end it first"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
