"""SQL conditions taken apart: what the event alone decides, and what needs the run."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlglot import exp

from operators.cep.layout import EventLayout
from operators.cep.program import Accumulator
from operators.cep.run_expression import Evaluate, evaluator
from operators.cep.run_values import CALLS, Read, accumulator, result_type
from tidegauge.expressions.compiled import Columns, ExpressionError, Scalar
from tidegauge.expressions.names import UnknownName
from tidegauge.expressions.nodes import kind_name
from tidegauge.expressions.parsing import canonical, parse, snippet
from tidegauge.expressions.scalars import scalar_of
from tidegauge.fieldtypes import FieldType


@dataclass(frozen=True, slots=True)
class Parts:
    """`event` must hold for the condition to hold, and `run`, too; None where there is nothing."""

    event: int | None
    run: Evaluate | None


class RunValues:
    """Aggregates over what the runs of one pattern took, each kept up once.

    Args:
        columns: columns of the events.
        steps: names of the pattern's steps.
        layout: where arguments of aggregates are computed.
    """

    def __init__(self, columns: Columns, steps: Collection[str], layout: EventLayout) -> None:
        self._columns = columns
        self._steps = steps
        self._layout = layout
        self._known: dict[str, tuple[int, Read]] = {}
        self.accumulators: list[Accumulator] = []

    def condition(self, sql: str) -> Parts:
        """Compile a condition.

        Raises:
            ExpressionError: it is none.
        """
        tree = parse(sql)
        self._check(tree, sql)
        parts = list(_conjuncts(tree))
        alone = [part for part in parts if not _has_call(part)]
        joined = [part for part in parts if _has_call(part)]
        event = None
        if alone:
            both = _all(alone)
            event = self._layout.predicate(canonical(both), self._scalar(both))
        return Parts(event, evaluator(_all(joined), self._leaf) if joined else None)

    def expression(self, sql: str) -> tuple[Evaluate, FieldType]:
        """Compile an expression over aggregates alone, as a match's measures are.

        `step.column` outside an aggregate is `LAST(step.column)`.

        Raises:
            ExpressionError: it is none, or has a column that belongs to no step.
        """
        tree = parse(sql)
        for column in list(tree.find_all(exp.Column)):
            if column.table and not any(type(above) in CALLS for above in _above(column)):
                last = exp.Last(this=column.copy())
                tree = last if column is tree else tree
                column.replace(last)
        kind = self._check(tree, sql, condition=False)
        for column in tree.find_all(exp.Column):
            if not any(type(above) in CALLS for above in _above(column)):
                raise ExpressionError(
                    f"{snippet(column)} stands outside an aggregate: write step.{column.name}"
                )
        return evaluator(tree, self._leaf), kind

    def _check(self, tree: exp.Expr, sql: str, *, condition: bool = True) -> FieldType:
        """Types fit, and names exist: aggregates stand for columns of their types."""
        columns = dict(self._columns)

        def plain(node: exp.Expr) -> exp.Expr:
            if type(node) not in CALLS:
                return node
            name = f"{canonical(node)} "
            columns[name] = self._type(node)
            return exp.column(name, quoted=True)

        whole = scalar_of(tree.copy().transform(plain), sql, columns)
        if condition and whole.type is not FieldType.BOOL:
            raise ExpressionError(
                f"this is {kind_name(whole.type)}, not a condition: compare it with something"
            )
        return whole.type

    def _type(self, call: exp.Expr) -> FieldType | None:
        _, argument = self._call(call)
        kind = None if argument is None else self._scalar(argument).type
        return result_type(CALLS[type(call)], kind)

    def _leaf(self, tree: exp.Expr) -> Evaluate | None:
        if type(tree) in CALLS:
            number, read = self._value(tree)
            return lambda _row, memo: read(memo[number])
        if isinstance(tree, exp.Null | exp.Boolean | exp.Literal):
            value = _constant(tree)
            return lambda _row, _memo: value
        if _has_call(tree) or tree.find(exp.Column) is None:
            return None
        slot = self._layout.value(canonical(tree), self._scalar(tree))
        return lambda row, _memo: row[slot]

    def _value(self, call: exp.Expr) -> tuple[int, Read]:
        key = canonical(call)
        known = self._known.get(key)
        if known is None:
            step, argument = self._call(call)
            slot = None
            if argument is not None:
                slot = self._layout.value(canonical(argument), self._scalar(argument))
            kept, read = accumulator(CALLS[type(call)], step, slot)
            known = self._known[key] = (len(self.accumulators), read)
            self.accumulators.append(kept)
        return known

    def _call(self, call: exp.Expr) -> tuple[str, exp.Expr | None]:
        """The step an aggregate is about, and its argument over bare columns; None for events."""
        argument = call.this
        if not isinstance(argument, exp.Expr) or isinstance(argument, exp.Star):
            raise ExpressionError(f"{snippet(call)}: say of which step, as in COUNT(small)")
        if call.expressions:
            raise ExpressionError(f"{snippet(call)}: one argument is allowed")
        columns = list(argument.find_all(exp.Column))
        if isinstance(call, exp.Count) and isinstance(argument, exp.Column):
            whole = argument.table if isinstance(argument.this, exp.Star) else argument.name
            if not argument.table or isinstance(argument.this, exp.Star):
                return self._step(whole), None
        steps = {column.table for column in columns}
        if len(steps) != 1 or "" in steps:
            raise ExpressionError(
                f"{snippet(call)}: every column in it belongs to one step, as in SUM(small.amount)"
            )
        bare = argument.copy()
        for column in bare.find_all(exp.Column):
            column.set("table", None)
        return self._step(steps.pop()), bare

    def _step(self, name: str) -> str:
        if name not in self._steps:
            raise UnknownName("step", name, self._steps)
        return name

    def _scalar(self, tree: exp.Expr) -> Scalar:
        return scalar_of(tree, canonical(tree), self._columns)


def _constant(tree: exp.Null | exp.Boolean | exp.Literal) -> object:
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Boolean):
        return bool(tree.this)
    text = str(tree.this)
    if tree.is_string:
        return text
    return int(text) if text.isdigit() else float(text)


def _conjuncts(tree: exp.Expr) -> Iterator[exp.Expr]:
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        yield from _conjuncts(tree.this)
        yield from _conjuncts(tree.expression)
    else:
        yield tree


def _all(parts: list[exp.Expr]) -> exp.Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.And(this=exp.paren(whole), expression=exp.paren(part))
    return whole


def _has_call(tree: exp.Expr) -> bool:
    return any(type(node) in CALLS for node in tree.walk())


def _above(node: exp.Expr) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent
