"""Whether the engine will be able to read what it has saved, asked before it tries."""

import sqlite3
from pathlib import Path

from connectors.recovery.contents import PIECES
from connectors.recovery.integrity import fault
from connectors.recovery.lock import NAME
from connectors.recovery.remembered import FILE
from connectors.recovery.store import PARTITIONS, opened
from tidegauge.errors import UserMistake
from tidegauge.private import make_private, require_private

_OURS = (f"{PARTITIONS}*", f"{FILE}*", f"{NAME}*", PIECES, f"{PIECES}/**/*")
_ADVICE = "put back a copy of the folder, or start with an empty recovery directory"


def require_own(folder: Path) -> None:
    """See that nobody else can have written the folder, before anything in it is read.

    What of it others could only read is taken from them.

    Raises:
        UserMistake: another user of the machine could have written it.
    """
    require_private("recovery directory", folder)
    make_private([folder, *(path for name in _OURS for path in folder.glob(name))])


def require_readable(folder: Path) -> None:
    """Check the recovery partitions of a folder; all of them are read.

    Raises:
        UserMistake: one is damaged or no partition at all, holds what is not in the format of
            saved states, or may not be read or written, a line for each; or one is missing, or
            they are not of one moment.
    """
    wrong = [
        f"recovery directory {folder}: {path.name} {reason}; {_ADVICE}"
        for path in sorted(folder.glob(PARTITIONS))
        if (reason := fault(path))
    ]
    if wrong:
        raise UserMistake("\n".join(wrong))
    if any(folder.glob(PARTITIONS)):
        _require_whole(folder)


def _require_whole(folder: Path) -> None:
    try:
        with opened(folder) as store:
            missing, together = store.missing(), store.of_one_moment()
    except sqlite3.Error as error:
        raise UserMistake(f"recovery directory {folder}: {error}; {_ADVICE}") from None
    if missing:
        names = ", ".join(f"part-{number}.sqlite3" for number in missing)
        raise UserMistake(f"recovery directory {folder}: {names} missing; {_ADVICE}")
    if not together:
        raise UserMistake(
            f"recovery directory {folder}: its partitions are not of one moment; {_ADVICE}"
        )
