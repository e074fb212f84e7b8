"""A table is replaced as a whole, and who reads it sees one version."""

import polars as pl

from operators.enrichment.table import LookupTable
from tidegauge.fieldtypes import FieldType

COLUMNS = {"k": FieldType.STRING, "v": FieldType.INT}


def rows(**values: int) -> pl.DataFrame:
    """A row for each keyword."""
    return pl.DataFrame({"k": list(values), "v": list(values.values())})


def test_a_new_table_has_no_rows_but_its_columns() -> None:
    table = LookupTable("t", "k", COLUMNS)
    assert table.contents.rows.schema == {"k": pl.String, "v": pl.Int64}
    assert table.contents.rows.is_empty()


def test_who_holds_contents_keeps_them_when_the_table_is_replaced() -> None:
    table = LookupTable("t", "k", COLUMNS)
    table.replace(rows(a=1))
    held = table.contents
    table.replace(rows(b=2))
    assert held.rows["k"].to_list() == ["a"]
    assert held.positions == {"a": 0}
    assert table.contents.positions == {"b": 0}
