"""Enrichment: the tables and keys of a source, and the columns that its events get."""

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.fieldnames import check_field_name
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Enrichment, Source

Types = dict[str, FieldType | None]


def enriched_columns(
    review: Review, path: Path, source: Source, fields: Types, taken: Types
) -> Types:
    """Check what a source gets from tables, one after another.

    Args:
        review: the look through the file.
        path: that of the source.
        source: its declaration.
        fields: columns of its messages.
        taken: names that the columns must not have beside those.

    Returns:
        the columns that its events get.
    """
    columns: Types = {}
    for name, enrichment in source.enrich.items():
        here = (*path, "enrich", name)
        if not review.known(here, "table", name, review.pipeline.tables):
            columns |= dict.fromkeys(enrichment.fields)
            continue
        _check_on(review, here, name, enrichment, fields | columns)
        for new, column in enrichment.fields.items():
            where = (*here, "fields", new)
            kind = None
            if review.known(where, "column of the table", column, review.tables[name]):
                kind = review.tables[name][column]
            if new in taken or new in fields or new in columns:
                message = (
                    f"the event has a column {new} already; give it a new name: {{new: {new}}}"
                )
                review.say(where, message)
            else:
                check_field_name(review, where, new)
                columns[new] = kind
    return columns


def _check_on(
    review: Review, path: Path, table: str, enrichment: Enrichment, columns: Types
) -> None:
    """The key is there before the table is looked into, and of the type of the table's key."""
    here = (*path, "on")
    if not enrichment.fields:
        review.say((*path, "fields"), "no column: name at least one of the table's")
    if here in review.broken or not review.known(here, "column", enrichment.on, columns):
        return
    key = review.pipeline.tables[table].key
    found, wanted = columns[enrichment.on], review.tables[table].get(key)
    if found and wanted not in (None, FieldType.FLOAT, found):
        message = f"{enrichment.on} is a {found}, the key of {table} is a {wanted}; allowed: "
        review.say(here, f"{message}{_list(columns, wanted)}")


def _list(columns: Types, wanted: FieldType) -> str:
    names = sorted(name for name, kind in columns.items() if kind is wanted)
    return ", ".join(names) or f"a field of type {wanted}"
