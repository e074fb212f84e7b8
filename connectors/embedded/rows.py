"""Records of the embedded store, as they are held against others."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from connectors.embedded.reader import open_store
from connectors.embedded.tables import quoted
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS
from tidegauge.stored import Stored, StoredRow

_COLUMNS = "SELECT name FROM pragma_table_info(?)"


class EmbeddedRows:
    """Reads records; each call on a connection of its own, so that the flow may write.

    Args:
        path: the store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, about: Stored, from_ns: int, to_ns: int) -> list[StoredRow]:
        """Records with times from `from_ns` to before `to_ns`.

        Raises:
            UserMistake: there is no store, or it cannot be read.
        """
        where = f"{TIME_NS} >= ? AND {TIME_NS} < ?"
        return self._query(about, [*about.tags, *about.fields], where, [from_ns, to_ns])

    def newest_ns(self, about: Stored) -> int | None:
        """Time of the newest record that is a result.

        Raises:
            UserMistake: there is no store, or it cannot be read.
        """
        where = "revision >= 0" if "revision" in about.fields else "TRUE"
        tail = f"{where} ORDER BY {TIME_NS} DESC LIMIT 1"
        found = self._query(about, [], tail, [])
        return int(found[0][TIME_NS] or 0) if found else None

    def times(self, about: Stored, each: int) -> list[int]:
        """The time of every so many-th record, in their order.

        Raises:
            UserMistake: there is no store, or it cannot be read.
        """
        with self._reading() as connection:
            if not _columns(connection, about):
                return []
            found = connection.execute(
                f"SELECT {TIME_NS} FROM (SELECT {TIME_NS}, row_number() OVER (ORDER BY {TIME_NS})"  # noqa: S608 - a name, quoted
                f" AS place FROM {quoted(about.measurement)}) WHERE place % ? = 0",
                [each],
            )
            return sorted({row[0] for row in found})

    def _query(
        self, about: Stored, names: list[str], where: str, values: list[int]
    ) -> list[StoredRow]:
        with self._reading() as connection:
            there = _columns(connection, about)
            if not there:
                return []
            chosen = [TIME_NS, *(name for name in names if name in there)]
            found = connection.execute(
                f"SELECT {', '.join(map(quoted, chosen))} FROM {quoted(about.measurement)}"  # noqa: S608 - names, quoted
                f" WHERE pipeline = ? AND {where}",
                [about.pipeline, *values],
            )
            return [dict(zip(chosen, row, strict=True)) for row in found]

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with closing(open_store(self._path)) as connection:
            try:
                yield connection
            except sqlite3.Error as error:
                raise UserMistake(f"{self._path}: cannot be read: {error}") from None


def _columns(connection: sqlite3.Connection, about: Stored) -> set[str]:
    return {row[0] for row in connection.execute(_COLUMNS, [about.measurement])}
