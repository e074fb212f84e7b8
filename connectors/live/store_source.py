"""The embedded store as the source of a feed, read as it grows.

The store gives every row that is written, also over an equal one, the greatest row id of its table
(see `connectors.embedded.tables`). So what came since the last look is what lies above the greatest
id seen then, however old its event time is.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import cast

import polars as pl

from connectors.embedded.reader import open_store
from connectors.embedded.tables import quoted
from connectors.live.source import Poll
from tidegauge.catalogue import DEAD_LETTERS, Catalogue
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.signals import Signal, SignalKind

FIRST_ROWS = {
    SignalKind.WINDOW: 200_000,
    SignalKind.ANOMALY: 2_000,
    SignalKind.ALERT: 20_000,
    SignalKind.FLOW: 5_000,
}
"""So many of the newest rows of a table are read at the start."""
MOST_ROWS = 50_000
"""So many rows of a table are read at once later on."""
MOST_CHARACTERS = 2**26
"""Characters of the texts of rows that are read at once, and at most a row more."""
COUNTING_SHARE = 0.05
"""Most of the time that is spent on counting dead letters."""
_COUNT = "SELECT kind, COUNT(*) FROM dead_letters WHERE pipeline = ? GROUP BY kind ORDER BY kind"
_ROW_IDS = ("rowid", "_rowid_", "oid")


class StoreSource:
    """Records of a pipeline from a store, which may not be there yet, or be replaced.

    Args:
        path: the store's file.
        catalogue: signals of the pipeline.
    """

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        self._path = path
        self._catalogue = catalogue
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._version = -1
        self._seen: dict[str, int] = {}
        self._told = ""
        self._count_at_s = 0.0
        self._uncounted = False

    def poll(self) -> Poll | None:
        """What was written since the call before, or None; the first call gives the newest."""
        try:
            file = self._path.stat()
            if self._connection is None or self._file != (file.st_dev, file.st_ino):
                self.close()
                self._connection = open_store(self._path)
                self._file = (file.st_dev, file.st_ino)
            return self._changes(self._connection)
        except FileNotFoundError:
            self.close()
            return self._trouble(f"{self._path} is not there yet; start a flow that writes it")
        except (OSError, UserMistake, sqlite3.Error) as error:
            self.close()
            return self._trouble(f"{self._path} cannot be read: {error}")

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection, self._file, self._version = None, None, -1
        self._seen.clear()

    def _trouble(self, text: str) -> Poll | None:
        if text == self._told:
            return None
        self._told = text
        return Poll(trouble=text)

    def _changes(self, connection: sqlite3.Connection) -> Poll | None:
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version == self._version:
            return None
        reset = self._version == -1
        connection.execute("BEGIN")
        try:
            if not reset and self._shrunk(connection):
                reset = True
                self._seen.clear()
            records, more = self._records(connection)
            refused = self._refused(connection)
        finally:
            connection.execute("COMMIT")
        again = more or self._uncounted
        self._version = self._version if again and not reset else version
        self._told = ""
        if not records and refused is None and not reset:
            return None
        return Poll(records, reset, refused)

    def _shrunk(self, connection: sqlite3.Connection) -> bool:
        """Whether a table was emptied or put together anew, so that row ids mean nothing."""
        return any(_greatest(connection, table) < seen for table, seen in self._seen.items())

    def _records(self, connection: sqlite3.Connection) -> tuple[list[RecordBatch], bool]:
        tables: dict[str, list[Signal]] = {}
        for signal in self._catalogue:
            if signal.kind in FIRST_ROWS:
                tables.setdefault(signal.measurement, []).append(signal)
        records, more = [], False
        for table, signals in tables.items():
            there = _columns(connection, table)
            if not there:
                continue
            rows, cut = self._new_rows(connection, table, there, signals[0])
            more = more or cut
            if rows:
                records += _batches(rows, there, signals)
        return records, more

    def _new_rows(
        self, connection: sqlite3.Connection, table: str, there: Sequence[str], signal: Signal
    ) -> tuple[list[tuple[object, ...]], bool]:
        """Rows, and whether there may be more of them."""
        row_id = _row_id(there)
        columns = ", ".join(map(quoted, [*there, row_id]))
        pipeline = self._catalogue.pipeline
        seen = self._seen.get(table)
        if seen is None:
            self._seen[table] = _greatest(connection, table)
            newest = f"SELECT {columns} FROM {quoted(table)} WHERE pipeline = ? ORDER BY {TIME_NS} DESC LIMIT ?"  # noqa: S608, E501 - names are quoted
            found, _ = _read(connection.execute(newest, [pipeline, FIRST_ROWS[signal.kind]]))
            return found[::-1], False
        later = f"SELECT {columns} FROM {quoted(table)} WHERE {row_id} > ? AND pipeline = ? ORDER BY {row_id} LIMIT ?"  # noqa: S608, E501 - names are quoted
        found, cut = _read(connection.execute(later, [seen, pipeline, MOST_ROWS]))
        if found:
            self._seen[table] = cast("int", found[-1][-1])
        return found, cut or len(found) == MOST_ROWS

    def _refused(self, connection: sqlite3.Connection) -> dict[str, int] | None:
        """Number of dead letters by kind, if there are new ones."""
        if not _columns(connection, DEAD_LETTERS):
            return None
        greatest = _greatest(connection, DEAD_LETTERS)
        began_s = monotonic()
        self._uncounted = greatest != self._seen.get(DEAD_LETTERS) and began_s < self._count_at_s
        if greatest == self._seen.get(DEAD_LETTERS) or self._uncounted:
            return None
        self._seen[DEAD_LETTERS] = greatest
        counts = dict(connection.execute(_COUNT, [self._catalogue.pipeline]).fetchall())
        # All letters are looked at: of many, less often.
        self._count_at_s = monotonic() + (monotonic() - began_s) / COUNTING_SHARE
        return counts


def _read(
    cursor: Iterator[tuple[object, ...]],
) -> tuple[list[tuple[object, ...]], bool]:
    """Rows until their texts are too many, and whether they were."""
    found, characters = [], 0
    for row in cursor:
        found.append(row)
        characters += sum(len(value) for value in row if isinstance(value, str))
        if characters > MOST_CHARACTERS:
            return found, True
    return found, False


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({quoted(table)})")]


def _row_id(columns: Sequence[str]) -> str:
    taken = {column.lower() for column in columns}
    return next(name for name in _ROW_IDS if name not in taken)


def _greatest(connection: sqlite3.Connection, table: str) -> int:
    row_id = _row_id(_columns(connection, table))
    query = f"SELECT COALESCE(MAX({row_id}), 0) FROM {quoted(table)}"  # noqa: S608 - quoted
    (greatest,) = connection.execute(query).fetchone()
    return int(greatest)


def _batches(
    rows: Sequence[tuple[object, ...]], there: Sequence[str], signals: Sequence[Signal]
) -> list[RecordBatch]:
    wanted: dict[str, FieldType] = {}
    for signal in signals:
        wanted |= {column.name: FieldType.STRING for column in signal.tags}
        wanted |= {column.name: column.type for column in signal.fields}
    schema = {name: _dtype(wanted.get(name)) for name in there if name != TIME_NS}
    frame = pl.DataFrame(
        [row[:-1] for row in rows], {TIME_NS: pl.Int64, **schema}, orient="row", strict=False
    )
    absent = [
        pl.lit(None, _dtype(kind)).alias(name) for name, kind in wanted.items() if name not in there
    ]
    frame = frame.with_columns(absent)
    if signals[0].kind is not SignalKind.ANOMALY:
        return [RecordBatch(signal.name, frame) for signal in signals]
    parts = ((signal, frame.filter(pl.col("anomaly") == signal.name)) for signal in signals)
    return [RecordBatch(signal.name, part) for signal, part in parts if part.height]


def _dtype(kind: FieldType | None) -> pl.DataType | type[pl.DataType]:
    if kind is FieldType.FLOAT:
        return pl.Float64
    return pl.Int64 if kind in {FieldType.INT, FieldType.BOOL} else pl.String
