"""What conditions and measures can name: columns of the event, aggregates over taken events."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
from tidegauge.expressions.calls import function_name, is_call
from tidegauge.expressions.compiled import Columns, ExpressionError, Scalar
from tidegauge.expressions.names import UnknownName
from tidegauge.expressions.nodes import Node, finite, kind_name
from tidegauge.expressions.parsing import canonical, parse, snippet, written_as
from tidegauge.expressions.scalars import Compiler, scalar_of, settled
from tidegauge.fieldtypes import FieldType

CALLS: dict[type[exp.Expr], str] = {
    exp.Count: "COUNT",
    exp.Sum: "SUM",
    exp.Avg: "AVG",
    exp.Min: "MIN",
    exp.Max: "MAX",
    exp.First: "FIRST",
    exp.Last: "LAST",
}
"""Aggregates over what a run took."""
MAX_OFFSET = 100
"""How far `FIRST` and `LAST` look: each run keeps so many values."""
_NAVIGATION = frozenset({"PREV", "NEXT"})
"""Functions of SQL's MATCH_RECOGNIZE that there are not."""
_OF_ONE_EVENT = {"FIRST": "after the first", "LAST": "before the last"}


@dataclass(frozen=True, slots=True)
class Taken:
    """An aggregate over the events that a run took for a step.

    Attributes:
        function: one of `CALLS`.
        step: the step.
        argument: what it is taken of; None for COUNT of events.
        offset: FIRST and LAST look so many events past the first, or before the last.
        type: its type; None where that of a column is unknown.
    """

    function: str
    step: str
    argument: Scalar | None
    offset: int
    type: FieldType | None


class Lookups(Protocol):
    """Where a condition or measure finds values when it is evaluated."""

    def event(self, scalar: Scalar) -> rows.Row:
        """What the event alone decides."""
        ...

    def taken(self, call: Taken) -> rows.Row:
        """An aggregate over what the run took."""
        ...


class _Nowhere:
    """For an expression that is checked, not evaluated."""

    def event(self, scalar: Scalar) -> rows.Row:
        return rows.constant(None)

    def taken(self, call: Taken) -> rows.Row:
        return rows.constant(None)


class RunScope:
    """Names and types of conditions over an event and what a run took before.

    Args:
        columns: columns of the events.
        steps: names of the pattern's steps that take events.
        lookups: where values are found; nowhere for what is only checked.
    """

    def __init__(
        self, columns: Columns, steps: Collection[str], lookups: Lookups | None = None
    ) -> None:
        self._columns = columns
        self._steps = steps
        self._compiler = _RunCompiler(columns, self, lookups or _Nowhere())

    def condition(self, sql: str) -> exp.Expr:
        """The syntax tree of a condition.

        Raises:
            ExpressionError: it is none.
        """
        tree = parse(sql)
        _, kind = self.evaluated(tree)
        if kind is not FieldType.BOOL:
            raise ExpressionError(
                f"this is {kind_name(kind)}, not a condition: compare it with something"
            )
        return tree

    def measure(self, sql: str) -> tuple[exp.Expr, FieldType]:
        """The syntax tree of an expression over aggregates alone, and its type.

        `step.column` outside an aggregate is `LAST(step.column)`.

        Raises:
            ExpressionError: it is none, or has a column that belongs to no step.
        """
        tree = parse(sql)
        for column in list(tree.find_all(exp.Column)):
            if column.table and not _within_call(column):
                last = written_as(exp.Last(this=column.copy()), snippet(column))
                tree = last if column is tree else tree
                column.replace(last)
        _, kind = self.evaluated(tree)
        for column in tree.find_all(exp.Column):
            if not _within_call(column):
                raise ExpressionError(
                    f"{snippet(column)} stands outside an aggregate: write step.{column.name}"
                )
        return tree, kind

    def evaluated(self, tree: exp.Expr) -> tuple[rows.Row, FieldType]:
        """An expression over the event and the run as a function, and its type.

        Raises:
            ExpressionError: it is none.
        """
        # Compiling moves parts to new parents.
        node = finite(self._compiler.compile(tree.copy()))
        _, kind = settled(node, tree, self._columns)
        return node.row, kind

    def call(self, call: exp.Expr) -> Taken:
        """What an aggregate asks.

        Raises:
            ExpressionError: it is about no step, or about several, or has arguments too many.
        """
        name, argument = CALLS[type(call)], call.this
        if not isinstance(argument, exp.Expr) or isinstance(argument, exp.Star):
            raise ExpressionError(f"{snippet(call)}: say of which step, as in COUNT(small)")
        if isinstance(argument, exp.Distinct):
            raise ExpressionError(f"{snippet(call)}: DISTINCT is not available here")
        _refuse_nested(call, name)
        offset = _offset(call, name)
        if isinstance(call, exp.Count) and isinstance(argument, exp.Column):
            whole = argument.table if isinstance(argument.this, exp.Star) else argument.name
            if not argument.table or isinstance(argument.this, exp.Star):
                return Taken(name, self._step(whole), None, offset, FieldType.INT)
        steps = {column.table for column in argument.find_all(exp.Column)}
        if len(steps) != 1 or "" in steps:
            raise ExpressionError(
                f"{snippet(call)}: every column in it belongs to one step, as in SUM(small.amount)"
            )
        bare = argument.copy()
        for column in bare.find_all(exp.Column):
            column.set("table", None)
        step, scalar = self._step(steps.pop()), self.scalar(bare)
        if name in ("SUM", "AVG") and scalar.type is FieldType.STRING:
            raise ExpressionError(f"{name} needs numbers, but {snippet(argument)} is a string")
        return Taken(name, step, scalar, offset, _type(name, scalar.type))

    def scalar(self, tree: exp.Expr) -> Scalar:
        """An expression over the columns of one event, compiled.

        Raises:
            ExpressionError: it is none.
        """
        return scalar_of(tree, canonical(tree), self._columns)

    def _step(self, name: str) -> str:
        if name not in self._steps:
            raise UnknownName("step", name, self._steps)
        return name


class _RunCompiler(Compiler):
    """Compiles what joins an event and a run; what the event alone decides is looked up."""

    def __init__(self, columns: Columns, scope: RunScope, lookups: Lookups) -> None:
        super().__init__(columns)
        self._scope = scope
        self._lookups = lookups

    def compile(self, tree: exp.Expr) -> Node:
        if type(tree) in CALLS:
            call = self._scope.call(tree)
            finite_ = call.function not in ("SUM", "AVG")
            return Node(pl.lit(None), call.type, self._lookups.taken(call), finite=finite_)
        if _is_of_event(tree):
            node = finite(Compiler(self._columns).compile(tree))
            if node.type is not None:
                scalar = Scalar(canonical(tree), node.polars, node.type, frozenset())
                return Node(node.polars, node.type, self._lookups.event(scalar))
        return super().compile(tree)

    def column(self, tree: exp.Column) -> Node:
        if tree.table and not isinstance(tree.this, exp.Star):
            raise ExpressionError(
                f"{snippet(tree)}: which of the events taken for {tree.table}? Write "
                f"LAST({snippet(tree)}), or another aggregate"
            )
        return super().column(tree)

    def refusal(self, tree: exp.Expr) -> ExpressionError:
        if _is_navigation(tree):
            name = function_name(tree)
            return ExpressionError(
                f"{snippet(tree)}: {name} is not available; {_by_distance(tree)}"
            )
        if is_call(tree):
            return ExpressionError(
                f"{function_name(tree)} is not available in this form over what a run took; "
                f"allowed: {', '.join(CALLS.values())}, without FILTER"
            )
        return super().refusal(tree)


def has_call(tree: exp.Expr) -> bool:
    """Whether an expression asks about what was taken before."""
    return any(type(node) in CALLS for node in tree.walk())


def _is_of_event(tree: object) -> bool:
    """Whether an expression has columns of the event, and nothing of the run."""
    if not isinstance(tree, exp.Expr):  # an argument is missing
        return False
    columns = list(tree.find_all(exp.Column))
    if any(column.table for column in columns) or has_call(tree):
        return False
    return bool(columns) and not any(map(_is_navigation, tree.walk()))


def _refuse_nested(call: exp.Expr, name: str) -> None:
    """See that an aggregate is taken of events, and not of another one.

    Raises:
        ExpressionError: it is.
    """
    inner = next((one for one in call.this.walk() if is_call(one) or _is_navigation(one)), None)
    if inner is None:
        return
    advice = f"; {_by_distance(call)}" if name in _OF_ONE_EVENT else ""
    raise ExpressionError(
        f"{snippet(call)}: {function_name(inner)} cannot stand within {name}, which takes columns"
        f" of one step{advice}"
    )


def _by_distance(tree: exp.Expr) -> str:
    """How to ask about another event of a step than its first or last."""
    column = tree.find(exp.Column)
    shown = snippet(column) if column and column.table else "small.amount"
    ways = (f"{name}({shown}, 1), the one {where}" for name, where in _OF_ONE_EVENT.items())
    return f"for another event of a step write {' or '.join(ways)}"


def _is_navigation(tree: exp.Expr) -> bool:
    """Whether it is a function of MATCH_RECOGNIZE that there is not."""
    return isinstance(tree, exp.Anonymous) and str(tree.this).upper() in _NAVIGATION


def _offset(call: exp.Expr, name: str) -> int:
    """How far from the first or last event the one is that is asked for.

    Raises:
        ExpressionError: it is no such number, or the function takes none.
    """
    given = call.args.get("expression")
    if call.expressions or (given is not None and name not in _OF_ONE_EVENT):
        raise ExpressionError(f"{snippet(call)}: {name} takes one argument")
    if given is None:
        return 0
    text = str(given.this) if isinstance(given, exp.Literal) and not given.is_string else ""
    if not (text.isascii() and text.isdecimal() and int(text) <= MAX_OFFSET):
        raise ExpressionError(
            f"{snippet(call)}: the second argument is how many events {_OF_ONE_EVENT[name]}; "
            f"allowed: 0 to {MAX_OFFSET}"
        )
    return int(text)


def _type(name: str, argument: FieldType | None) -> FieldType | None:
    """Type of an aggregate of an argument."""
    if name == "COUNT":
        return FieldType.INT
    if name == "AVG":
        return FieldType.FLOAT
    if name == "SUM" and argument is FieldType.BOOL:
        return FieldType.INT
    return argument


def _within_call(node: exp.Expr) -> bool:
    return any(type(above) in CALLS for above in _above(node))


def _above(node: exp.Expr) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent
