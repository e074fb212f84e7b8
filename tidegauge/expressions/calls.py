"""Aggregate calls in a syntax tree: which function, of what, with which number.

The usual spellings of one function become one call; `FILTER (WHERE …)` becomes a CASE around the
argument, for aggregates pass over nulls.
"""

import re
from dataclasses import dataclass
from typing import TypeGuard

from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import as_written, snippet

MAX_TOP = 100
"""Values that `top` lists at most."""

AGGREGATE_NAMES = (
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "STD_DEV",
    "STD_DEV_POP",
    "VARIANCE",
    "VAR_POP",
    "FIRST",
    "LAST",
    "DELTA",
    "RATE",
    "MEDIAN",
    "PERCENTILE",
    "DISTINCT",
    "TOP",
)
"""Aggregates as messages list them."""

FILTER = "tidegauge_filter"
"""Marks the CASE that stands for a FILTER, and the 1 in it that stands for `*`, for messages."""
_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Count: "count",
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.Stddev: "std_dev",
    exp.StddevSamp: "std_dev",
    exp.StddevPop: "std_dev_pop",
    exp.Variance: "variance",
    exp.VariancePop: "var_pop",
    exp.First: "first",
    exp.FirstValue: "first",
    exp.Last: "last",
    exp.LastValue: "last",
    exp.Median: "median",
    exp.Quantile: "percentile",
    exp.PercentileCont: "percentile",
    exp.ApproxDistinct: "distinct",
}
_OWN_NAMES = frozenset({"std_dev", "std_dev_pop", "delta", "rate", "percentile", "top"})
"""Names that the SQL dialect does not know."""
_WITH_NUMBER = {"percentile": "percentile(x, 0.9)", "top": "top(x, 3)"}


@dataclass(frozen=True, slots=True)
class Call:
    """One aggregate call as it was written.

    Attributes:
        function: its name, the same for all spellings.
        argument: what it is taken of, null where a row does not count; None where every row counts.
        number: the share of a percentile (0 to 1), the length of a top list, else None.
    """

    function: str
    argument: exp.Expr | None
    number: float | int | None = None

    @property
    def written(self) -> str:
        """The argument as it was written, with its FILTER."""
        argument = self.argument
        if argument is None:
            return "*"
        if FILTER not in argument.meta:
            return as_written(argument.unnest())
        (branch,) = argument.args["ifs"]
        of = branch.args["true"].meta.get(FILTER) or as_written(branch.args["true"].unnest())
        return f"{of} FILTER (WHERE {as_written(branch.this)})"


def is_call(tree: object) -> TypeGuard[exp.Expr]:
    """Whether an aggregate call begins here."""
    if isinstance(tree, exp.Filter):
        return is_call(tree.this)
    return isinstance(tree, exp.WithinGroup) or _name(tree) is not None


def call_of(tree: exp.Expr) -> Call:
    """The call that begins here.

    Raises:
        ExpressionError: it has too few or too many arguments, or ones it does not take.
    """
    if isinstance(tree, exp.Filter):
        return _filtered(tree)
    return _within_group(tree) if isinstance(tree, exp.WithinGroup) else _plain(tree)


def _plain(tree: exp.Expr) -> Call:
    function, arguments = _name(tree) or "", _arguments(tree)
    first = arguments[0] if arguments else None
    if function == "rate" and (first is None or isinstance(first, exp.Star)):
        return Call("event_rate", None)
    if function == "count" and isinstance(first, exp.Star | exp.Literal | exp.Boolean):
        return Call("count", None)
    wanted = 2 if function in _WITH_NUMBER else 1
    if first is None or len(arguments) != wanted:
        raise ExpressionError(f"{snippet(tree)}: {_takes(function)}")
    if isinstance(first, exp.Distinct):
        return _distinct(tree, function, first)
    if function == "median":
        return Call("percentile", first, 0.5)
    return Call(function, first, _number(function, arguments[1]) if wanted > 1 else None)


def function_name(tree: exp.Expr) -> str:
    """Name of the function of an aggregate call as it was written, in capitals."""
    while isinstance(tree, exp.Filter | exp.WithinGroup):
        tree = tree.this
    name = tree.this if isinstance(tree, exp.Anonymous) else getattr(tree, "sql_name", str)()
    return str(name).upper()


def _name(tree: object) -> str | None:
    if isinstance(tree, exp.Anonymous):
        name = str(tree.this).lower()
        return name if name in _OWN_NAMES else None
    return _FUNCTIONS.get(type(tree)) if isinstance(tree, exp.Expr) else None


def _distinct(tree: exp.Expr, function: str, distinct: exp.Distinct) -> Call:
    if function != "count" or len(distinct.expressions) != 1:
        raise ExpressionError(f"{snippet(tree)}: DISTINCT is available as count(DISTINCT x)")
    return Call("distinct", distinct.expressions[0])


def _arguments(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.Anonymous):
        return list(tree.expressions)
    known = ("this", "big_int", "quantile")
    extra = [name for name, value in tree.args.items() if name not in known and value]
    if extra:
        raise ExpressionError(f"{snippet(tree)}: {_takes(_name(tree) or '')}")
    return [tree.args[name] for name in ("this", "quantile") if tree.args.get(name) is not None]


def _takes(function: str) -> str:
    if function in _WITH_NUMBER:
        return f"it takes a value and a number, such as {_WITH_NUMBER[function]}"
    return "an aggregate takes one argument"


def _number(function: str, tree: exp.Expr) -> float | int:
    text = str(tree.this) if isinstance(tree, exp.Literal) and not tree.is_string else ""
    if function == "top":
        if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= MAX_TOP:
            return int(text)
        raise ExpressionError(
            f"{snippet(tree)} is no length of a top list; allowed: 1 to {MAX_TOP}"
        )
    if text and 0 <= float(text) <= 1:
        return float(text)
    percent = f"; write {float(text) / 100:g}" if text and float(text) <= 100 else ""
    raise ExpressionError(f"{snippet(tree)} is no percentile; allowed: 0 to 1{percent}")


def _filtered(tree: exp.Filter) -> Call:
    call, condition = call_of(tree.this), tree.expression.this
    if call.argument is None:
        counted: exp.Expr = exp.Literal.number(1)
        counted.meta[FILTER] = "*"
    else:
        counted = call.argument.copy()
    taken = exp.Case().when(condition.copy(), counted)
    taken.meta[FILTER] = True
    return Call(call.function, taken, call.number)


def _within_group(tree: exp.WithinGroup) -> Call:
    """`percentile_cont(0.9) WITHIN GROUP (ORDER BY x)`."""
    ordered = tree.expression.expressions if isinstance(tree.expression, exp.Order) else []
    if not isinstance(tree.this, exp.PercentileCont) or len(ordered) != 1:
        raise ExpressionError(f"{snippet(tree)}: write {_WITH_NUMBER['percentile']}")
    share = float(_number("percentile", tree.this.this))
    descending = bool(ordered[0].args.get("desc"))
    return Call("percentile", ordered[0].this, 1 - share if descending else share)
