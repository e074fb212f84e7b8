"""Keeps tables current on a thread of its own, so that no event waits for a table."""

import threading
from collections.abc import Sequence
from typing import Protocol


class TableReader(Protocol):
    """What brings the rows of a table; see `FileTable` and `TopicTable`."""

    every_s: float

    def load(self) -> None:
        """Read the whole table.

        Raises:
            UserMistake: it cannot be read, or a row is wrong.
        """

    def poll(self) -> None:
        """Read what changed; never raises for what a person can cause."""

    def close(self) -> None:
        """Give up what is held open."""


class Follower:
    """Polls loaded tables until it is stopped.

    Args:
        readers: of the tables; they are closed at the end.
    """

    def __init__(self, readers: Sequence[TableReader]) -> None:
        self._readers = readers
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, args=[reader], name="table", daemon=True)
            for reader in readers
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _follow(self, reader: TableReader) -> None:
        while not self._stopped.wait(reader.every_s):
            reader.poll()
        reader.close()
