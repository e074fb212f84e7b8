"""A table in a file, read again when the file is another one."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from connectors.tables.rows import read_rows
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Table

_Stamp = tuple[int, int, int] | None
"""Time of the last change, size and inode; None for a file that is not there."""


class FileTable:
    """Reads a file whole, and again when its time, size or inode changed.

    Args:
        name: the table's name, for messages.
        file: where it is.
        table: its declaration.
        replace: gets all rows each time they were read.
        tell: gets a mistake found while running, once; the rows stay as they were.
    """

    every_s = 1.0
    """How often `poll` is to be called."""

    def __init__(
        self,
        name: str,
        file: Path,
        table: Table,
        replace: Callable[[pl.DataFrame], None],
        tell: Callable[[str], None],
    ) -> None:
        self._name = name
        self._file = file
        self._table = table
        self._replace = replace
        self._tell = tell
        self._read: _Stamp = None
        self._seen: _Stamp = None
        self._told = ""

    def load(self) -> None:
        """Read it.

        Raises:
            UserMistake: it cannot be read, or a row is wrong.
        """
        # What is written while it is read is another stamp, and will be read again.
        self._read = self._seen = self._stamp()
        self._replace(read_rows(self._name, self._file, self._table))

    def poll(self) -> None:
        """Read it again if it changed and then stayed as it is until the next call.

        So what is still being written is left alone.
        """
        stamp, before = self._stamp(), self._seen
        self._seen = stamp
        if stamp == self._read or stamp != before:
            return
        try:
            self.load()
        except UserMistake as mistake:
            if str(mistake) != self._told:
                self._tell(f"{mistake}; the table stays as it was")
            self._told = str(mistake)
        else:
            self._told = ""

    def close(self) -> None:
        """Nothing is held open."""

    def _stamp(self) -> _Stamp:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
