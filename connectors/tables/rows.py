"""Rows of a table from a CSV, Parquet or JSON lines file, with the declared types or not at all."""

import codecs
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from connectors.codecs.encodings import other_encoding
from connectors.codecs.json_columns import JsonColumns
from connectors.codecs.json_second_look import NoWholeNumberError, whole_number
from connectors.tables.csv_text import CsvText
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Table

_ROW = "__row"
"""Column of the number of a row in its file, from 0."""
_TRUTH = {"true": True, "false": False}


def read_rows(name: str, file: Path, table: Table) -> pl.DataFrame:
    """All rows of a file: the declared columns, each key once, and never null.

    A CSV begins with a header; an empty cell is null, and a truth value is `true` or `false`. Lines
    without a value are no rows. Text is UTF-8, with or without a byte order mark. As in messages a
    whole number is a valid float, a number without a fraction (`1.0`) a valid int, and nothing else
    is converted.

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
        rows = _READERS.get(file.suffix, _from_csv)(where, content, types)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        # A damaged Parquet file can make the reader panic.
        reason = str(error).partition("\n")[0]
        raise UserMistake(f"{where}: cannot be read as {file.suffix[1:]}: {reason}") from None
    declared = table.fields.get(table.key)
    _check_key(where, rows, table.key, sensitive=declared is not None and bool(declared.sensitive))
    return rows.drop(_ROW)


def _from_json(where: str, content: bytes, types: Mapping[str, FieldType]) -> pl.DataFrame:
    lines = _text(where, content).splitlines()
    rows = [number for number, line in enumerate(lines) if line.strip()]
    decoded = JsonColumns(types).decode([lines[row] for row in rows])
    for bad in decoded.undecodable:
        raise UserMistake(f"{where}: row {rows[bad.position] + 1}: {bad.reason}")
    return decoded.frame.with_columns(pl.Series(_ROW, rows, dtype=pl.Int64))


def _from_csv(where: str, content: bytes, types: Mapping[str, FieldType]) -> pl.DataFrame:
    text = CsvText(where, _text(where, content))
    _check_columns(where, text.names, types)
    texts = text.texts()
    without = pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "")
    rows = texts.select(pl.row_index(_ROW).cast(pl.Int64), without=without).filter(
        ~pl.col("without")
    )
    texts = texts[rows[_ROW]]
    given = {column: texts.to_series(text.names.index(column)).alias(column) for column in types}
    parsed = [_parsed(where, given[column], kind, rows[_ROW]) for column, kind in types.items()]
    return pl.DataFrame([*parsed, rows[_ROW]])


def _from_parquet(where: str, content: bytes, types: Mapping[str, FieldType]) -> pl.DataFrame:
    _check_columns(where, list(pl.read_parquet_schema(io.BytesIO(content))), types)
    found = pl.read_parquet(io.BytesIO(content), columns=list(types))
    rows = pl.int_range(found.height, eager=True).alias(_ROW)
    values = [_converted(where, found[column], kind, rows) for column, kind in types.items()]
    return pl.DataFrame([*values, rows])


_READERS = {".jsonl": _from_json, ".parquet": _from_parquet}


def _text(where: str, content: bytes) -> bytes:
    """What is between a byte order mark and the sign with which DOS ends a file."""
    if encoding := other_encoding(content):
        raise UserMistake(f"{where}: it is {encoding}; save it as UTF-8")
    return content.removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n\x1a")


def _check_columns(where: str, names: Sequence[str], types: Mapping[str, FieldType]) -> None:
    absent = [repr(column) for column in types if column not in names]
    if absent:
        what = "is no column" if len(absent) == 1 else "are no columns"
        has = ", ".join(names)
        raise UserMistake(f"{where}: there {what} {', '.join(absent)}; it has: {has}")
    for column in types:
        if names.count(column) > 1:
            raise UserMistake(f"{where}: the header has {column!r} twice; rename one of them")


def _parsed(where: str, texts: pl.Series, kind: FieldType, rows: pl.Series) -> pl.Series:
    if kind is FieldType.STRING:
        return texts
    if kind is FieldType.BOOL:
        lower = texts.str.to_lowercase()
        values = lower.replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    else:
        values = _finite(texts.cast(kind.dtype, strict=False))
        if kind is FieldType.INT:
            values = _with_whole_numbers(texts, values)
    _check_values(where, texts, values, kind, rows)
    return values


def _with_whole_numbers(texts: pl.Series, values: pl.Series) -> pl.Series:
    """Integers, with those that are written as `1.0` or `1e2`."""
    missed = (values.is_null() & texts.is_not_null()).arg_true()
    if missed.is_empty():
        return values
    found = [_whole_number(text) for text in texts[missed]]
    return values.scatter(missed, pl.Series(found, dtype=values.dtype))


def _whole_number(text: str) -> int | None:
    try:
        return whole_number(text.encode())
    except NoWholeNumberError:
        return None


def _converted(where: str, column: pl.Series, kind: FieldType, rows: pl.Series) -> pl.Series:
    fits = {
        FieldType.STRING: column.dtype in (pl.String, pl.Categorical, pl.Enum),
        FieldType.INT: column.dtype.is_integer() or column.dtype.is_float(),
        FieldType.FLOAT: column.dtype.is_integer() or column.dtype.is_float(),
        FieldType.BOOL: column.dtype == pl.Boolean,
    }
    if not fits[kind] and column.dtype != pl.Null:
        raise UserMistake(f"{where}: column {column.name} holds {column.dtype}, allowed is {kind}")
    values = _finite(column.cast(kind.dtype, strict=False))
    if kind is FieldType.INT and column.dtype.is_float():
        values = values.set(column != column.floor(), None)
    _check_values(where, column, values, kind, rows)
    return values


def _finite(values: pl.Series) -> pl.Series:
    return values.set(~values.is_finite(), None) if values.dtype.is_float() else values


def _check_values(
    where: str, given: pl.Series, made: pl.Series, kind: FieldType, rows: pl.Series
) -> None:
    for row in (made.is_null() & given.is_not_null()).arg_true():
        value = f"{given.name} is {given[row]!r}"
        raise UserMistake(f"{where}: row {rows[row] + 1}: {value}, allowed is {kind}")


def _check_key(where: str, found: pl.DataFrame, key: str, *, sensitive: bool) -> None:
    keys, rows = found[key], found[_ROW]
    for row in keys.is_null().arg_true():
        raise UserMistake(
            f"{where}: row {rows[row] + 1}: {key} is absent, but it is the table's key"
        )
    for row in (~keys.is_first_distinct()).arg_true():
        value = "the same" if sensitive else repr(keys[row])
        raise UserMistake(f"{where}: row {rows[row] + 1}: {key} is {value}, as in a row before")
