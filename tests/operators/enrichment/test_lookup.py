"""What events get from a table: as a dictionary says, by both ways of finding it."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.enrichment.lookup import JOIN_FROM, Lookup
from operators.enrichment.table import LookupTable
from tidegauge.fieldtypes import FieldType

COLUMNS = {"id": FieldType.INT, "name": FieldType.STRING, "limit": FieldType.FLOAT}
KEYS = st.integers(-3, 12)


def table(values: dict[int, tuple[str | None, float | None]]) -> LookupTable:
    """A table with these rows."""
    made = LookupTable("t", "id", COLUMNS)
    rows = [(key, *value) for key, value in values.items()]
    schema = {name: kind.dtype for name, kind in COLUMNS.items()}
    made.replace(pl.DataFrame(rows, schema=schema, orient="row"))
    return made


def events(keys: list[int | None]) -> pl.DataFrame:
    """An event for each key, numbered."""
    return pl.DataFrame({"on": keys, "n": range(len(keys))}, {"on": pl.Int64, "n": pl.Int64})


ROWS = st.dictionaries(
    KEYS, st.tuples(st.none() | st.text(max_size=3), st.none() | st.floats(0, 9))
)


@given(ROWS, st.lists(st.none() | KEYS, max_size=20))
def test_both_ways_give_what_a_dictionary_gives(
    values: dict[int, tuple[str | None, float | None]], keys: list[int | None]
) -> None:
    lookup = Lookup(table(values), "on", {"who": "name", "limit": "limit"})
    given, contents = events(keys), lookup.table.contents
    found = [values.get(key, (None, None)) if key is not None else (None, None) for key in keys]
    expected = given.with_columns(
        pl.Series("who", [name for name, _ in found], pl.String),
        pl.Series("limit", [limit for _, limit in found], pl.Float64),
    )
    assert lookup._joined(given, contents).equals(expected)
    assert lookup._looked_up(given, contents).equals(expected)
    assert lookup.add_to(given).equals(expected)


@pytest.mark.parametrize("count", [1, 10 * JOIN_FROM])
def test_the_key_itself_can_be_had_too(count: int) -> None:
    lookup = Lookup(table(dict.fromkeys(range(count), ("x", 1.0))), "on", {"again": "id"})
    assert lookup.add_to(events([0, -1]))["again"].to_list() == [0, None]


def test_a_batch_without_events_gets_the_columns() -> None:
    lookup = Lookup(table({1: ("a", 1.0)}), "on", {"who": "name"})
    assert lookup.add_to(events([])).schema["who"] == pl.String
    assert lookup.types == {"who": FieldType.STRING}
