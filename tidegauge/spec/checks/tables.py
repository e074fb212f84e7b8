"""Tables: where their rows come from, their key and columns."""

from pathlib import Path as FilePath

from tidegauge.expressions.compiled import Columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.fieldnames import check_field_name
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Table

SUFFIXES = (".csv", ".parquet", ".jsonl")
"""What a file of rows can end with."""


def check_tables(review: Review) -> None:
    """Check each table, and note its columns."""
    for name, table in review.pipeline.tables.items():
        path: Path = ("tables", name)
        for field in table.fields:
            check_field_name(review, (*path, "fields", field), field)
        if not table.fields:
            message = "no column: declare the key and what events get from a row"
            review.say((*path, "fields"), message, unless=(*path, "fields"))
        columns: Columns = {field: known.type for field, known in table.fields.items()}
        review.tables[name] = {**columns, **review.untyped((*path, "fields"))}
        _check_key(review, path, table)
        _check_origin(review, path, table)


def check_table_file(review: Review, path: Path, file: str) -> None:
    """Check the name of a file of rows."""
    if FilePath(file).suffix not in SUFFIXES:
        message = f"{file!r} ends with none of the formats; allowed: {', '.join(SUFFIXES)}"
        review.say(path, message)


def _check_key(review: Review, path: Path, table: Table) -> None:
    columns = review.tables[path[1]] if isinstance(path[1], str) else {}
    if not columns or (*path, "key") in review.broken:
        return
    here = (*path, "key")
    if review.known(here, "field", table.key, columns) and columns[table.key] is FieldType.FLOAT:
        review.say(here, f"{table.key} is a float, which is no key; allowed: string, int or bool")


def _check_origin(review: Review, path: Path, table: Table) -> None:
    if (table.kafka is None) == (table.file is None):
        found = "comes from nowhere" if table.kafka is None else "comes from two places"
        message = f"the table {found}; allowed: one of kafka: {{topic: …}} and file: …"
        review.say(path, message, unless=path)
    elif table.file is not None:
        check_table_file(review, (*path, "file"), table.file)
