"""SQL over the aggregates of a group of rows: `avg(amount)`, `sum(failed) / count(*)`.

Aggregates leave nulls out; of nothing, count is 0 and the others are null. A bool counts as 0
and 1. `std_dev` (`stddev`, `stddev_samp`) is the sample deviation, null below two values;
`std_dev_pop` (`stddev_pop`) is that of the population.
"""

import polars as pl
from sqlglot import exp

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
from tidegauge.expressions.scalars import AGGREGATE_NAMES, Compiler, scalar_of, settled
from tidegauge.fieldtypes import FieldType

_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.Stddev: "std_dev",
    exp.StddevSamp: "std_dev",
    exp.StddevPop: "std_dev_pop",
}
_OWN_NAMES = ("std_dev", "std_dev_pop")
"""Names that SQL dialects do not know."""


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
        function = _function(tree)
        if function is None:
            return super().compile(tree)
        call = _call(function, tree, self._columns)
        self.calls[call.id] = call
        return Node(pl.col(call.id), call.type)

    def column(self, tree: exp.Column) -> Node:
        super().column(tree)
        raise ExpressionError(
            f"column {snippet(tree)} stands outside an aggregate: use one of {_names()}"
        )


def _names() -> str:
    return ", ".join(f"{name.lower()}(…)" for name in AGGREGATE_NAMES)


def _function(tree: exp.Expr) -> str | None:
    if isinstance(tree, exp.Anonymous):
        name = str(tree.this).lower()
        return name if name in _OWN_NAMES else None
    return _FUNCTIONS.get(type(tree))


def _call(function: str, tree: exp.Expr, columns: Columns) -> AggregateCall:
    argument = _argument(tree)
    if function == "count" and isinstance(argument, exp.Star | exp.Literal | exp.Boolean):
        return AggregateCall("count(*)", "count", None, FieldType.INT)
    inner = next((node for node in argument.walk() if _function(node)), None)
    if inner is not None:
        raise ExpressionError(
            f"{snippet(tree)}: an aggregate cannot be within another ({snippet(inner)})"
        )
    scalar = scalar_of(argument, argument.sql(dialect=DIALECT, comments=False), columns)
    if function != "count" and scalar.type is FieldType.STRING:
        raise ExpressionError(
            f"{function} needs numbers, but {snippet(argument)} is a string "
            "(only count takes strings)"
        )
    name = f"{function}({canonical(argument.unnest())})"
    return AggregateCall(name, function, scalar, _type(function, scalar))


def _argument(tree: exp.Expr) -> exp.Expr:
    arguments = tree.expressions if isinstance(tree, exp.Anonymous) else [tree.this]
    extra = {
        name
        for name, value in tree.args.items()
        if name not in ("this", "expressions", "big_int") and value
    }
    if not isinstance(tree, exp.Anonymous) and tree.expressions:
        extra.add("expressions")
    if len(arguments) != 1 or arguments[0] is None or extra:
        raise ExpressionError(f"{snippet(tree)}: an aggregate takes one argument")
    if isinstance(arguments[0], exp.Distinct):
        raise ExpressionError(f"{snippet(tree)}: DISTINCT is not available")
    argument: exp.Expr = arguments[0]
    return argument


def _type(function: str, argument: Scalar) -> FieldType:
    if function == "count":
        return FieldType.INT
    whole = function in ("sum", "min", "max") and argument.type in (FieldType.INT, FieldType.BOOL)
    return FieldType.INT if whole else FieldType.FLOAT
