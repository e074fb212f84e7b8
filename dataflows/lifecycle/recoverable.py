"""Whether the engine will be able to read what it has saved, asked before it tries."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from connectors.recovery.store import opened
from tidegauge.errors import UserMistake

_ADVICE = "put back a copy of the folder, or start with an empty recovery directory"


def require_readable(folder: Path) -> None:
    """Check the recovery partitions of a folder.

    Raises:
        UserMistake: one is damaged or no partition at all, or may not be read or written, a line
            for each; or everybody may write there, for saved state can run code when it is read;
            or one is missing, or they are not of one moment.
    """
    for path in (folder, *folder.glob("part-*.sqlite3")):
        if path.stat().st_mode & stat.S_IWOTH:
            raise UserMistake(
                f"recovery directory {folder}: every user of this machine may write {path.name},"
                f" and so run code in the flow; take that back with: chmod -R o-w {folder}"
            )
    wrong = [
        f"recovery directory {folder}: {path.name} {reason}"
        for path in sorted(folder.glob("part-*.sqlite3"))
        if (reason := _fault(path))
    ]
    if wrong:
        raise UserMistake("\n".join(wrong))
    if any(folder.glob("part-*.sqlite3")):
        _require_whole(folder)


def _require_whole(folder: Path) -> None:
    with opened(folder) as store:
        missing, together = store.missing(), store.of_one_moment()
    if missing:
        names = ", ".join(f"part-{number}.sqlite3" for number in missing)
        raise UserMistake(f"recovery directory {folder}: {names} missing; {_ADVICE}")
    if not together:
        raise UserMistake(
            f"recovery directory {folder}: its partitions are not of one moment; {_ADVICE}"
        )


def _fault(path: Path) -> str | None:
    if not os.access(path, os.R_OK | os.W_OK):
        return "may not be read and written; let this user"
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
        ) as db:
            (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
            db.execute("SELECT count(*) FROM parts").fetchone()
    except sqlite3.Error as error:
        return f"cannot be read ({error}); {_ADVICE}"
    return None if found == "ok" else f"is damaged ({' '.join(found.split())}); {_ADVICE}"
