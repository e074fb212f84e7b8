"""Whatever a field is called, an expression can name it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.inference.identifiers import can_be_quoted, quoted

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=30)
KEYWORDS = (
    *("select", "from", "where", "end", "case", "null", "true", "order", "group", "user", "table"),
    *("default", "current_date", "current_user", "count", "avg", "interval", "date", "timestamp"),
    *("cast", "not", "and", "like", "in", "between", "time", "ts", "if"),
)


@given(PRINTABLE | st.sampled_from(KEYWORDS))
def test_a_quoted_name_is_that_column(name: str) -> None:
    if not can_be_quoted(name):
        return
    columns = {name: FieldType.FLOAT}
    assert compile_scalar(quoted(name), columns).columns == {name}
    (call,) = compile_aggregate(f"avg({quoted(name)})", columns).calls
    assert call.argument is not None
    assert call.argument.columns == {name}


@pytest.mark.parametrize(
    "name",
    [*KEYWORDS, "a b", 'a"b', "a'b", "a.b", "a:b", "Größe", "金額", "1st", "a-b", "--", "$1", "\\"],
)
def test_odd_names_can_be_quoted(name: str) -> None:
    assert can_be_quoted(name)


def test_what_begins_a_variable_cannot() -> None:
    assert not can_be_quoted("${HOME}")
