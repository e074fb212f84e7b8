"""Reading the embedded store, also while a flow writes to it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from tidegauge.errors import UserMistake


def open_store(path: Path) -> sqlite3.Connection:
    """A connection that can read but not write; close it.

    Raises:
        UserMistake: there is no store.
    """
    where = f"TIDEGAUGE_STORE={path}"
    if not path.is_file():
        raise UserMistake(f"{where}: there is no such file; run a flow that writes to it first")
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        connection.close()
        raise UserMistake(f"{where}: cannot be read as a store ({error})") from None
    return connection


def query(path: Path, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
    """Rows of an SQL query; a null is `None`, in columns of numbers `NA` or `NaN`.

    Raises:
        UserMistake: there is no store, or SQLite refuses the query.
    """
    with closing(open_store(path)) as connection:
        try:
            cursor = connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise UserMistake(f"the store refuses the query: {error}") from None
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    frame = pd.DataFrame(dict(enumerate(map(_series, columns))))
    return frame.set_axis(names, axis="columns")


def _series(values: Sequence[object]) -> pd.Series:
    """A column; integers stay integers where some are null, for times need all their digits."""
    whole = all(value is None or isinstance(value, int) for value in values)
    return pd.Series(values, dtype="Int64" if whole and None in values else None)
