"""The tables of the embedded store: one a measurement, made from the signals, grown when they grow.

A table has `time_ns`, the tags (texts) and the fields. A record is known by its time and tags, so a
unique index over them makes a record that is written again overwrite itself. A tag that a record
does not have is `''`, an empty one `(empty)`, a null key `(none)`: null would never equal null in
the index. An index, not a primary key, because a tag can be added to it later.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegauge.catalogue import Catalogue
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.records import TIME_NS
from tidegauge.signals import Signal, SignalKind

TAG_TYPE = "TEXT NOT NULL DEFAULT ''"
SQL_TYPES: Mapping[FieldType, str] = {
    FieldType.STRING: "TEXT",
    FieldType.INT: "INTEGER",
    FieldType.FLOAT: "REAL",
    FieldType.BOOL: "INTEGER",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A measurement's table.

    Attributes:
        name: the measurement.
        tags: names of the tags of all its signals and of every record.
        fields: names of the fields of all its signals, with their SQL types.
    """

    name: str
    tags: tuple[str, ...]
    fields: Mapping[str, str]


def tables_of(catalogue: Catalogue) -> dict[str, Table]:
    """The tables that a pipeline's records go to, by measurement; events are not stored.

    Raises:
        UserMistake: two names differ in upper and lower case only, which SQLite cannot tell apart.
    """
    signals: dict[str, list[Signal]] = {}
    for signal in catalogue:
        if signal.kind is not SignalKind.EVENT:
            signals.setdefault(signal.measurement, []).append(signal)
    _check_case(signals, "measurements")
    return {name: _table(name, sharing, catalogue) for name, sharing in signals.items()}


def _table(name: str, signals: list[Signal], catalogue: Catalogue) -> Table:
    tags = dict.fromkeys(catalogue.constant_tags)
    tags |= dict.fromkeys(tag.name for signal in signals for tag in signal.tags)
    fields = {
        field.name: SQL_TYPES[field.type]
        for signal in signals
        for field in signal.fields
        if field.name not in tags
    }
    _check_case([TIME_NS, *tags, *fields], f"columns of {name}")
    return Table(name, tuple(tags), fields)


def _check_case(names: Iterable[str], what: str) -> None:
    seen: dict[bytes, str] = {}
    for name in names:
        other = seen.setdefault(name.encode().lower(), name)
        if other != name:
            raise UserMistake(
                f"{what}: {other!r} and {name!r} differ in case only, which the embedded store "
                "cannot tell apart; rename one"
            )


def ensure_table(connection: sqlite3.Connection, table: Table) -> None:
    """Make a table, or add what it lacks; call it within a transaction.

    A record is identified by `time_ns` and all tags the table ever had.
    """
    name = quoted(table.name)
    index = quoted(f"{table.name} identity")
    wanted = {**dict.fromkeys(table.tags, TAG_TYPE), **table.fields}
    declared = [f"{TIME_NS} INTEGER NOT NULL"]
    declared += [f"{quoted(column)} {kind}" for column, kind in wanted.items()]
    # All at once: with each change SQLite reads the declarations of all tables again.
    connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({', '.join(declared)})")
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
    for column, kind in wanted.items():
        if column not in there:
            connection.execute(f"ALTER TABLE {name} ADD COLUMN {quoted(column)} {kind}")
    indexed = [row[2] for row in connection.execute(f"PRAGMA index_info({index})")]
    identity = tuple(dict.fromkeys([TIME_NS, *indexed, *table.tags]))
    if list(identity) != indexed:
        connection.execute(f"DROP INDEX IF EXISTS {index}")
        columns = ", ".join(map(quoted, identity))
        connection.execute(f"CREATE UNIQUE INDEX {index} ON {name} ({columns})")


def overwrite(table: str, columns: list[str]) -> str:
    """Statement that writes a record, in place of an equal one.

    An overwritten record, too, gets a row id above all others: who reads along finds whatever was
    written since by its row id.
    """
    names = ", ".join(map(quoted, columns))
    places = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {quoted(table)} ({names}) VALUES ({places})"  # noqa: S608 - names are quoted


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'
