"""Rows of a table from a CSV, Parquet or JSON lines file, with the declared types or not at all."""

import io
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Table

_TRUTH = {"true": True, "false": False}


def read_rows(name: str, file: Path, table: Table) -> pl.DataFrame:
    """All rows of a file: the declared columns, each key once, and never null.

    A CSV begins with a header; an empty cell is null, and a truth value is `true` or `false`. As in
    messages a whole number is a valid float, and nothing else is converted.

    Args:
        name: the table's name, for messages.
        file: its format is told by its suffix: `.csv`, `.parquet` or `.jsonl`.
        table: the table's declaration.

    Raises:
        UserMistake: the file cannot be read, or a row of it is wrong; one line.
    """
    where = f"tables.{name}: {file}"
    types = {column: field.type for column, field in table.fields.items()}
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserMistake(f"{where}: cannot be read: {error.strerror}") from None
    try:
        if file.suffix == ".jsonl":
            rows = _from_json(where, content, types)
        elif file.suffix == ".parquet":
            rows = _from_parquet(where, content, types)
        else:
            rows = _from_csv(where, content, types)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        # A damaged Parquet file can make the reader panic.
        reason = str(error).partition("\n")[0]
        raise UserMistake(f"{where}: cannot be read as {file.suffix[1:]}: {reason}") from None
    declared = table.fields.get(table.key)
    _check_key(where, rows, table.key, sensitive=declared is not None and declared.sensitive)
    return rows


def _from_json(where: str, content: bytes, types: Mapping[str, FieldType]) -> pl.DataFrame:
    decoded = JsonColumns(types).decode(list(content.splitlines()))
    for bad in decoded.undecodable:
        raise UserMistake(f"{where}: row {bad.position + 1}: {bad.reason}")
    return decoded.frame


def _from_csv(where: str, content: bytes, types: Mapping[str, FieldType]) -> pl.DataFrame:
    texts = pl.read_csv(io.BytesIO(content), infer_schema=False)
    _check_columns(where, texts, types)
    return pl.DataFrame([_parsed(where, texts[column], kind) for column, kind in types.items()])


def _from_parquet(where: str, content: bytes, types: Mapping[str, FieldType]) -> pl.DataFrame:
    _check_columns(where, pl.read_parquet(io.BytesIO(content), n_rows=0), types)
    found = pl.read_parquet(io.BytesIO(content), columns=list(types))
    return pl.DataFrame([_converted(where, found[column], kind) for column, kind in types.items()])


def _check_columns(where: str, found: pl.DataFrame, types: Mapping[str, FieldType]) -> None:
    for column in types:
        if column not in found.columns:
            has = ", ".join(found.columns)
            raise UserMistake(f"{where}: there is no column {column!r}; it has: {has}")


def _parsed(where: str, texts: pl.Series, kind: FieldType) -> pl.Series:
    if kind is FieldType.STRING:
        return texts
    if kind is FieldType.BOOL:
        lower = texts.str.to_lowercase()
        values = lower.replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    else:
        values = _finite(texts.cast(kind.dtype, strict=False))
    _check_values(where, texts, values, kind)
    return values


def _converted(where: str, column: pl.Series, kind: FieldType) -> pl.Series:
    fits = {
        FieldType.STRING: column.dtype in (pl.String, pl.Categorical, pl.Enum),
        FieldType.INT: column.dtype.is_integer(),
        FieldType.FLOAT: column.dtype.is_integer() or column.dtype.is_float(),
        FieldType.BOOL: column.dtype == pl.Boolean,
    }
    if not fits[kind] and column.dtype != pl.Null:
        raise UserMistake(f"{where}: column {column.name} holds {column.dtype}, allowed is {kind}")
    values = _finite(column.cast(kind.dtype, strict=False))
    _check_values(where, column, values, kind)
    return values


def _finite(values: pl.Series) -> pl.Series:
    return values.set(~values.is_finite(), None) if values.dtype.is_float() else values


def _check_values(where: str, given: pl.Series, made: pl.Series, kind: FieldType) -> None:
    for row in (made.is_null() & given.is_not_null()).arg_true():
        value = f"{given.name} is {given[row]!r}"
        raise UserMistake(f"{where}: row {row + 1}: {value}, allowed is {kind}")


def _check_key(where: str, rows: pl.DataFrame, key: str, *, sensitive: bool) -> None:
    keys = rows[key]
    for row in keys.is_null().arg_true():
        raise UserMistake(f"{where}: row {row + 1}: {key} is absent, but it is the table's key")
    for row in (~keys.is_first_distinct()).arg_true():
        value = "the same" if sensitive else repr(keys[row])
        raise UserMistake(f"{where}: row {row + 1}: {key} is {value}, as in a row before")
