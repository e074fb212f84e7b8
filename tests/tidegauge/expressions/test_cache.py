"""A text is compiled once for the same columns, and anew for others."""

import pytest

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.cache import forget
from tidegauge.expressions.compiled import Columns, ExpressionError
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

COLUMNS: Columns = {"a": FieldType.INT, "b": FieldType.STRING}


def test_the_same_text_over_the_same_columns_is_the_same_thing() -> None:
    assert compile_scalar("a + 1", COLUMNS) is compile_scalar("a + 1", dict(COLUMNS))
    assert compile_aggregate("sum(a)", COLUMNS) is compile_aggregate("sum(a)", dict(COLUMNS))


def test_what_was_compiled_can_be_forgotten() -> None:
    before = compile_scalar("a + 1", COLUMNS), compile_aggregate("sum(a)", COLUMNS)
    forget()
    after = compile_scalar("a + 1", COLUMNS), compile_aggregate("sum(a)", COLUMNS)
    assert after[0] is not before[0]
    assert after[1] is not before[1]


def test_columns_of_other_types_are_other_columns() -> None:
    floats = {**COLUMNS, "a": FieldType.FLOAT}
    assert compile_scalar("a + 1", COLUMNS).type is FieldType.INT
    assert compile_scalar("a + 1", floats).type is FieldType.FLOAT
    assert compile_aggregate("sum(a)", COLUMNS).type is FieldType.INT
    assert compile_aggregate("sum(a)", floats).type is FieldType.FLOAT


def test_columns_that_grow_afterwards_are_other_columns() -> None:
    columns = dict(COLUMNS)
    for _ in range(2):
        with pytest.raises(ExpressionError, match="'c'"):
            compile_scalar("c + 1", columns)
    columns["c"] = FieldType.INT
    assert compile_scalar("c + 1", columns).type is FieldType.INT
