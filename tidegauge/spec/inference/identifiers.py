"""Names of fields as SQL expressions write them."""

import re

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quoted(name: str) -> str:
    """The name as it is where SQL takes it for a column, else in double quotes.

    >>> quoted("amount"), quoted("select"), quoted('5" disk')
    ('amount', '"select"', '"5"" disk"')
    """
    if _BARE.fullmatch(name) and _names(name, name):
        return name
    return '"' + name.replace('"', '""') + '"'


def can_be_quoted(name: str) -> bool:
    """Whether an expression in a pipeline file can name this field; `${` begins a variable."""
    return "${" not in name and _names(quoted(name), name)


def _names(sql: str, name: str) -> bool:
    """Whether SQL takes the text for the column of this name, alone and in an aggregate."""
    try:
        alone = compile_scalar(sql, {name: FieldType.INT}).columns
        calls = compile_aggregate(f"avg({sql})", {name: FieldType.INT}).calls
    except ExpressionError:
        return False
    return alone == {name} and all(
        call.argument is not None and call.argument.columns == {name} for call in calls
    )
