"""SQL over the aggregates of a group of rows: `avg(amount)`, `sum(failed) / count(*)`.

Aggregates leave nulls out; of nothing, counts are 0 and the others are null. A bool counts as 0
and 1. Each takes `FILTER (WHERE …)`. What each means, and its error, is in docs/pipeline-file.md.
"""

import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
from tidegauge.expressions.cache import cached
from tidegauge.expressions.calls import AGGREGATE_NAMES, Call, call_of, function_name, is_call
from tidegauge.expressions.compiled import (
    Aggregate,
    AggregateCall,
    Columns,
    ExpressionError,
    Scalar,
)
from tidegauge.expressions.functions import NAMES
from tidegauge.expressions.nodes import Node
from tidegauge.expressions.parsing import DIALECT, canonical, parse, snippet
from tidegauge.expressions.scalars import Compiler, scalar_of, settled
from tidegauge.fieldtypes import FieldType

_OF_ANYTHING = frozenset({"count", "distinct", "first", "last", "top", "event_rate"})
"""Functions that take strings too."""
_COUNTS = frozenset({"count", "distinct"})
_ONE_OF_THEM = frozenset({"min", "max", "first", "last"})
"""Functions whose value is one of the argument's, so that it is finite."""
_LIKE_ARGUMENT = frozenset({"sum", "min", "max", "delta"})
"""Functions whose value is whole where their argument is."""


@cached
def compile_aggregate(sql: str, columns: Columns) -> Aggregate:
    """Compile an expression over aggregates of `columns`.

    Raises:
        ExpressionError: the text is no such expression, or its types do not fit.
    """
    tree = parse(sql)
    compiler = _AggregateCompiler(columns)
    polars, kind = settled(compiler.compile(tree), tree, columns)
    if not compiler.calls:
        raise ExpressionError(f"no aggregate in it: use {_names()}")
    return Aggregate(sql, tuple(compiler.calls.values()), polars, kind)


class _AggregateCompiler(Compiler):
    """Compiles what stands over the aggregates, and collects the calls."""

    functions = (*AGGREGATE_NAMES, *NAMES)

    def __init__(self, columns: Columns) -> None:
        super().__init__(columns)
        self.calls: dict[str, AggregateCall] = {}

    def compile(self, tree: exp.Expr) -> Node:
        if not is_call(tree):
            return super().compile(tree)
        call = _compiled(call_of(tree), tree, self._columns)
        self.calls[call.id] = call
        finite = call.function in _ONE_OF_THEM
        return Node(pl.col(call.id), call.type, rows.column(call.id), finite=finite)

    def column(self, tree: exp.Column) -> Node:
        super().column(tree)
        raise ExpressionError(
            f"column {snippet(tree)} stands outside an aggregate: use one of {_names()}"
        )


def _names() -> str:
    return ", ".join(f"{name.lower()}(…)" for name in AGGREGATE_NAMES)


def _compiled(call: Call, tree: exp.Expr, columns: Columns) -> AggregateCall:
    if call.argument is None:
        kind = FieldType.INT if call.function == "count" else FieldType.FLOAT
        return AggregateCall(f"{call.function}(*)", call.function, None, kind)
    inner = next((node for node in call.argument.walk() if is_call(node)), None)
    if inner is not None:
        raise ExpressionError(
            f"{snippet(tree)}: an aggregate cannot be within another ({snippet(inner)})"
        )
    scalar = scalar_of(call.argument, call.argument.sql(dialect=DIALECT, comments=False), columns)
    if scalar.type is FieldType.STRING and call.function not in _OF_ANYTHING:
        raise ExpressionError(
            f"{function_name(tree).lower()} needs numbers, but {snippet(call.argument)} is a "
            "string (only count, distinct, first, last and top take strings)"
        )
    number = "" if call.number is None else f", {call.number!r}"
    name = f"{call.function}({canonical(call.argument.unnest())}{number})"
    kind = _type(call.function, scalar)
    return AggregateCall(name, call.function, scalar, kind, call.number, call.written)


def _type(function: str, argument: Scalar) -> FieldType:
    if function in _COUNTS:
        return FieldType.INT
    if function == "top":
        return FieldType.STRING
    if function in ("first", "last"):
        return argument.type
    whole = argument.type in (FieldType.INT, FieldType.BOOL)
    return FieldType.INT if whole and function in _LIKE_ARGUMENT else FieldType.FLOAT
