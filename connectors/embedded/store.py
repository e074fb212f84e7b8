"""The embedded store: all records in one SQLite file that can be read while the flow writes."""

import sqlite3
from contextlib import suppress
from pathlib import Path

import orjson
import polars as pl
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from connectors.codecs.frames import merged, with_key_texts
from connectors.embedded.tables import ensure_table, overwrite, tables_of
from tidegauge.catalogue import Catalogue
from tidegauge.errors import Retry, Stop, UserMistake
from tidegauge.private import make_private_file
from tidegauge.records import EMPTY_KEY, TIME_NS, RecordBatch
from tidegauge.signals import Column, Signal

BUSY_S = 30.0
"""How long one writer waits for the others."""

Row = tuple[object, ...]
Refused = tuple[bytes, str]
"""A record, as JSON, and why it was refused."""
_REFUSALS = frozenset(
    {
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_CONSTRAINT_CHECK,
        sqlite3.SQLITE_CONSTRAINT_NOTNULL,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    }
)
"""What SQLite says of a row; everything else it says of the file, or somebody by a trigger."""
_BUSY_CODES = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class Store:
    """A connection that writes; several, in any number of processes, may share the file.

    Args:
        path: the file, made when it is not there.
        catalogue: signals of the records, and the tags of every record.
        busy_s: how long to wait for other writers.

    Raises:
        UserMistake: the file cannot be opened or is no database.
        Retry: other writers kept the file for too long.
    """

    def __init__(self, path: Path, catalogue: Catalogue, busy_s: float = BUSY_S) -> None:
        self._path = path
        self._busy_s = busy_s
        self._signals = catalogue.signals
        self._constants = dict(catalogue.constant_tags)
        tables = tables_of(catalogue)
        try:
            self._connection = _opened(path, busy_s)
            with self._transaction() as transaction:
                for table in tables.values():
                    ensure_table(transaction, table)
        except sqlite3.Error as error:
            raise _fault(path, error, busy_s, starting=True) from None
        self._statements = {
            signal.name: overwrite(signal.measurement, self._columns(signal))
            for signal in catalogue
            if signal.measurement in tables
        }

    def takes(self, signal: str) -> bool:
        """Whether records of this signal are stored."""
        return signal in self._statements

    def write(self, batches: list[RecordBatch]) -> list[Refused]:
        """Store the records, all or none; an equal record is overwritten in all its fields.

        Returns:
            records that the file refuses for what they are; the others are stored.

        Raises:
            Retry: other writers kept the file for too long.
            Stop: the file cannot be written, for instance because the disk is full.
        """
        rows = [(batch.signal, self._rows(batch)) for batch in merged(batches)]
        if not rows:
            return []
        try:
            try:
                with self._transaction() as transaction:
                    for signal, values in rows:
                        transaction.executemany(self._statements[signal], values)
            except (sqlite3.Error, OverflowError) as error:
                if not _is_refusal(error):
                    raise
                return self._one_by_one(rows)
        except sqlite3.Error as error:
            raise _fault(self._path, error, self._busy_s) from None
        return []

    def _one_by_one(self, rows: list[tuple[str, list[Row]]]) -> list[Refused]:
        refused = []
        with self._transaction() as transaction:
            for signal, values in rows:
                for row in values:
                    try:
                        transaction.execute(self._statements[signal], row)
                    except (sqlite3.Error, OverflowError) as error:
                        if not _is_refusal(error):
                            raise
                        names = self._columns(self._signals[signal])
                        record = {"signal": signal, **dict(zip(names, row, strict=True))}
                        refused.append((orjson.dumps(record), f"SQLite: {error}"))
        return refused

    def close(self) -> None:
        """Close the connection; what was written stays."""
        self._connection.close()

    def _transaction(self) -> sqlite3.Connection:
        # Immediate: who reads first and writes then cannot wait for another writer.
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def _columns(self, signal: Signal) -> list[str]:
        return [TIME_NS, *(column.name for column in signal.columns), *self._added(signal)]

    def _added(self, signal: Signal) -> dict[str, str]:
        """Tags of every record that the signal does not declare itself."""
        own = {column.name for column in signal.columns}
        return {name: value for name, value in self._constants.items() if name not in own}

    def _rows(self, batch: RecordBatch) -> list[Row]:
        signal = self._signals[batch.signal]
        frame = with_key_texts(batch, signal)
        columns = [
            pl.col(TIME_NS),
            *map(_tag_text, signal.tags),
            *(pl.col(field.name) for field in signal.fields),
            *(pl.lit(value or EMPTY_KEY).alias(key) for key, value in self._added(signal).items()),
        ]
        return frame.select(columns).rows()


def _tag_text(tag: Column) -> pl.Expr:
    text = pl.col(tag.name).cast(pl.String)
    return pl.when(text == "").then(pl.lit(EMPTY_KEY)).otherwise(text.fill_null("")).alias(tag.name)


def _opened(path: Path, busy_s: float) -> sqlite3.Connection:
    with suppress(OSError):  # SQLite tells of it
        # The files beside it get its mode. One that was shared on purpose stays so.
        make_private_file(path)
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None)
    # SQLite refuses at once, without its own waiting, when two change the mode together.
    patient = Retrying(
        retry=retry_if_exception(_is_busy),
        stop=stop_after_delay(busy_s),
        wait=wait_random(0.001, 0.02),
        reraise=True,
    )
    (mode,) = patient(connection.execute, "PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise UserMistake(
            f"TIDEGAUGE_STORE={path}: SQLite cannot keep a write-ahead log there, so nobody could "
            "read while the flow writes; put it on a local disk"
        )
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, OverflowError) or getattr(error, "sqlite_errorcode", None) in _REFUSALS


def _is_busy(error: BaseException) -> bool:
    # The low byte is the error, the others tell of its kind.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY_CODES


def _fault(
    path: Path, error: sqlite3.Error, busy_s: float, *, starting: bool = False
) -> UserMistake | Retry | Stop:
    where = f"TIDEGAUGE_STORE={path}"
    if _is_busy(error):
        return Retry(f"{where}: other writers kept it locked for {busy_s:g} s: {error}")
    if starting:
        return UserMistake(
            f"{where}: cannot be used as a store ({error}); name a file in a folder that is there "
            "and may be written to"
        )
    return Stop(f"{where}: cannot be written: {error}")
