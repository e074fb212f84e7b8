"""Whether the engine could read its recovery partitions, and would unpickle nothing but bytes."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from connectors.recovery.store import connect, partition_number
from tidegauge.errors import Reject
from tidegauge.savedstate import content, pickled_bytes

_CREATED = "created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP"
_SCHEMA = {
    "commits": f"CREATE TABLE commits ( {_CREATED}, part_index INTEGER PRIMARY KEY NOT NULL,"
    " commit_epoch INTEGER NOT NULL ) STRICT",
    "exs": f"CREATE TABLE exs ( {_CREATED}, ex_num INTEGER NOT NULL PRIMARY KEY, worker_count"
    " INTEGER NOT NULL CHECK (worker_count > 0), resume_epoch INTEGER NOT NULL ) STRICT",
    "fronts": f"CREATE TABLE fronts ( {_CREATED}, ex_num INTEGER NOT NULL, worker_index INTEGER NOT"
    " NULL CHECK (worker_index >= 0), worker_frontier INTEGER NOT NULL, PRIMARY KEY (ex_num,"
    " worker_index) ) STRICT",
    "parts": f"CREATE TABLE parts ( {_CREATED}, part_index INTEGER PRIMARY KEY NOT NULL CHECK"
    " (part_index >= 0), part_count INTEGER NOT NULL CHECK (part_count > 0), CHECK (part_index <"
    " part_count) ) STRICT",
    "snaps": f"CREATE TABLE snaps ( {_CREATED}, step_id TEXT NOT NULL, state_key TEXT NOT NULL,"
    " snap_epoch INTEGER NOT NULL, ser_change BLOB, PRIMARY KEY (step_id, state_key, snap_epoch) )"
    " STRICT",
    "sqlite_autoindex_fronts_1": None,
    "sqlite_autoindex_snaps_1": None,
}
"""All that the engine makes in a partition. A view, a trigger or a generated column could show it
other rows than were looked at here."""
_NUMBERS = {
    "commits": ("part_index", "commit_epoch"),
    "exs": ("ex_num", "worker_count", "resume_epoch"),
    "fronts": ("ex_num", "worker_index", "worker_frontier"),
    "parts": ("part_index", "part_count"),
    "snaps": ("snap_epoch",),
}
_HIGHEST = 2**62
_MOST_WORKERS = 1 << 16


def fault(path: Path) -> str | None:
    """What is wrong with a recovery partition; None for nothing.

    Reads all of it. A digest tells of every changed byte in saved state; the rest is held against
    what the database knows of itself, and against what the engine can have written.
    """
    if path.name != f"part-{partition_number(path)}.sqlite3":
        return "is no partition of it, for those are called part-N.sqlite3"
    if not os.access(path, os.R_OK | os.W_OK):
        return "may not be read and written"
    try:
        if _cut_short(path):
            return "is cut short"
        with closing(connect(path)) as db:
            db.execute("PRAGMA cell_size_check = ON")
            db.execute("PRAGMA trusted_schema = OFF")
            return next(_faults(db, partition_number(path)), None)
    except (OSError, sqlite3.Error, UnicodeError, OverflowError, MemoryError) as error:
        return f"cannot be read ({' '.join(str(error).split()) or type(error).__name__})"


def _cut_short(path: Path) -> bool:
    """Whether the file ends within a page, and there is no log that would mend it."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return False
    with path.open("rb") as file:
        page = int.from_bytes(file.read(18)[16:], "big")
    # 1 stands for what two bytes cannot say.
    return bool(page and path.stat().st_size % (65_536 if page == 1 else page))


def _faults(db: sqlite3.Connection, number: int | None) -> Iterator[str]:
    db.execute("BEGIN")
    (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        yield f"is damaged ({' '.join(found.split())})"
    if _schema(db) != _SCHEMA:
        yield "is no recovery partition (it has other tables)"
    yield from _wrong_numbers(db, number)
    for step, key, data in db.execute("SELECT step_id, state_key, ser_change FROM snaps"):
        if data is None:
            continue
        try:
            require_sealed(data)
        except Reject as reject:
            yield f"holds a state of {step} {key} that {reject.reason}"


def require_sealed(data: Any) -> bytes | None:
    """What was saved, out of how the engine has pickled it; None where nothing is to be kept.

    Raises:
        Reject: it is anything but bytes in the format of saved states, whole.
    """
    if not isinstance(data, bytes):
        raise Reject(f"is {type(data).__name__}")
    saved = pickled_bytes(data)
    if saved is not None:
        content(saved)
    return saved


def _schema(db: sqlite3.Connection) -> dict[str, str | None]:
    return {
        name: None if made is None else " ".join(made.split())
        for name, made in db.execute("SELECT name, sql FROM sqlite_master")
    }


def _wrong_numbers(db: sqlite3.Connection, number: int | None) -> Iterator[str]:
    for table, columns in _NUMBERS.items():
        for column in columns:
            query = f"SELECT typeof({column}), min({column}), max({column}) FROM {table} GROUP BY 1"  # noqa: S608 - names from above
            for kind, least, most in db.execute(query):
                if kind != "integer" or least < 0 or most > _HIGHEST:
                    yield f"is damaged ({table}.{column} is {least!r})"
    parts = db.execute("SELECT part_index, part_count FROM parts").fetchall()
    if len(parts) != 1 or parts[0][0] >= parts[0][1]:
        yield f"is damaged (it says it is {len(parts)} partitions)"
    elif number is not None and parts[0][0] != number:
        yield f"is partition {parts[0][0]} under the name of another"
    workers = db.execute("SELECT max(worker_count) FROM exs").fetchone()[0] or 0
    if workers > _MOST_WORKERS:
        yield f"is damaged ({workers} workers)"
