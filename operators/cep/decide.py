"""What can be decided of SQL conditions without data: that they cannot hold, or follow.

Comparisons of one term with constants are understood, joined by AND, OR and NOT; whatever else a
condition says is taken for possible. So `impossible` and `implies` are true only when it is sure.
"""

import operator
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from sqlglot import exp

from operators.cep.sql_condition import conjuncts
from tidegauge.expressions.parsing import canonical, parse
from tidegauge.patterns.condition import Always, Condition, Sql
from tidegauge.patterns.run_scope import CALLS, has_call

Value = float | str | bool
Literal = tuple[exp.Expr, bool]
"""A part of a condition without AND, OR and NOT, and whether it must hold or must be false."""

_MOST_CLAUSES = 64
_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT,
    exp.LT: exp.GT,
    exp.GTE: exp.LTE,
    exp.LTE: exp.GTE,
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}
_NEGATED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LTE,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.LTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}
_COMPARE: dict[type[exp.Expr], Callable[[Any, Any], bool]] = {
    exp.GT: operator.gt,
    exp.LT: operator.lt,
    exp.GTE: operator.ge,
    exp.LTE: operator.le,
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
}
_TRANSPARENT: set[type[exp.Expr]] = {
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Paren, exp.Abs),
    *(exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean),
    *_COMPARE,
    *CALLS,
}
"""Null when one part is null."""


def parts_of(condition: Condition, *, of_event: bool = False) -> list[exp.Expr]:
    """What must all hold; nothing for a condition that is no SQL.

    Args:
        condition: the condition.
        of_event: leave out what looks at the run.
    """
    if not isinstance(condition, Sql):
        return []
    parts = conjuncts(parse(condition.text))
    return [part for part in parts if not (of_event and has_call(part))]


def before(parts: Sequence[exp.Expr], taken: Collection[str]) -> list[exp.Expr]:
    """The parts as they are while nothing was taken but for the steps in `taken`."""

    def empty(node: exp.Expr) -> exp.Expr:
        if type(node) not in CALLS or _step(node) in taken:
            return node
        return exp.Literal.number(0) if isinstance(node, exp.Count) else exp.Null()

    return [part.copy().transform(empty) for part in parts]


def impossible(parts: Sequence[exp.Expr]) -> bool:
    """Whether the parts never hold together."""
    clauses: list[list[Literal]] = [[]]
    for part in parts:
        alternatives = _alternatives(part, holds=True)
        if len(clauses) * len(alternatives) > _MOST_CLAUSES:
            return False
        clauses = [[*a, *b] for a, b in product(clauses, alternatives)]
    return all(map(_contradicts, clauses))


def implies(condition: Condition, other: Condition) -> bool:
    """Whether `other` holds wherever `condition` does."""
    if isinstance(other, Always) or condition == other:
        return True
    if not isinstance(condition, Sql) or not isinstance(other, Sql):
        return False
    parts = parts_of(condition)
    known = {canonical(part) for part in parts}
    compared = {term for part in parts for term in _terms(part)}
    for part in parts_of(other):
        if canonical(part) in known:
            continue
        # What is null is neither: only a term that is known not to be can be told by negation.
        terms = _terms(part)
        if not terms or not terms <= compared or not impossible([*parts, exp.not_(part)]):
            return False
    return True


def _terms(part: exp.Expr) -> set[str]:
    """The term that a part compares with constants: it is not null where the part holds."""
    part = part.unnest()
    if isinstance(part, exp.In) and _values(part) is not None:
        return {canonical(part.this)}
    return {name for name, _, _ in _bounds((part, True))}


def _step(call: exp.Expr) -> str:
    column = next(call.find_all(exp.Column), None)
    return "" if column is None else column.table or column.name


def _alternatives(tree: exp.Expr, *, holds: bool) -> list[list[Literal]]:
    tree = tree.unnest()
    if isinstance(tree, exp.Not):
        return _alternatives(tree.this, holds=not holds)
    if isinstance(tree, exp.And | exp.Or):
        left = _alternatives(tree.this, holds=holds)
        right = _alternatives(tree.expression, holds=holds)
        if isinstance(tree, exp.And) is not holds:
            return [*left, *right]
        if len(left) * len(right) > _MOST_CLAUSES:
            return [[]]
        return [[*a, *b] for a, b in product(left, right)]
    if isinstance(tree, exp.Between):
        low = exp.GTE(this=tree.this, expression=tree.args["low"])
        high = exp.LTE(this=tree.this, expression=tree.args["high"])
        return _alternatives(exp.And(this=low, expression=high), holds=holds)
    return [[(tree, holds)]]


@dataclass(slots=True)
class _Term:
    """What is known of the value of one term."""

    low: list[tuple[Value, bool]] = field(default_factory=list)
    high: list[tuple[Value, bool]] = field(default_factory=list)
    allowed: list[set[Value]] = field(default_factory=list)
    excluded: set[Value] = field(default_factory=set)
    null: set[bool] = field(default_factory=set)

    def compare(self, kind: type[exp.Expr], value: Value) -> None:
        """Note a comparison that holds."""
        self.null.add(False)
        if kind in (exp.GT, exp.GTE):
            self.low.append((value, kind is exp.GT))
        elif kind in (exp.LT, exp.LTE):
            self.high.append((value, kind is exp.LT))
        elif kind is exp.EQ:
            self.allowed.append({value})
        else:
            self.excluded.add(value)

    def among(self, values: set[Value], *, holds: bool) -> None:
        """Note that the value is one of some, or none of them."""
        self.null.add(False)
        if holds:
            self.allowed.append(values)
        else:
            self.excluded |= values

    def empty(self) -> bool:
        """Whether there is no such value."""
        if len(self.null) > 1:
            return True
        if self.allowed:
            values = set.intersection(*self.allowed) - self.excluded
            return not any(map(self._fits, values))
        for low, low_open in self.low:
            for high, high_open in self.high:
                if _less(high, low) or (high == low and (low_open or high_open)):
                    return True
                if high == low and high in self.excluded:
                    return True
        return False

    def _fits(self, value: Value) -> bool:
        return not any(_less(value, low) or (gap and value == low) for low, gap in self.low) and (
            not any(_less(high, value) or (gap and value == high) for high, gap in self.high)
        )


def _less(a: Value, b: Value) -> bool:
    """Whether one is less; what cannot be compared is not."""
    if isinstance(a, str) and isinstance(b, str):
        # The order of texts is the collation's: only equality is sure.
        return False
    return not isinstance(a, str) and not isinstance(b, str) and a < b


def _contradicts(clause: Sequence[Literal]) -> bool:
    terms: dict[str, _Term] = {}
    for literal in clause:
        if _never(*literal):
            return True
        for name, kind, value in _bounds(literal):
            terms.setdefault(name, _Term()).compare(kind, value)
        tree, holds = literal
        if isinstance(tree, exp.In) and (values := _values(tree)) is not None:
            terms.setdefault(canonical(tree.this), _Term()).among(values, holds=holds)
        if isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null):
            negate = bool(tree.args.get("negate"))
            terms.setdefault(canonical(tree.this), _Term()).null.add(holds is not negate)
    return any(term.empty() for term in terms.values())


def _never(tree: exp.Expr, holds: bool) -> bool:  # noqa: FBT001 - a literal taken apart
    """Whether a part without terms is not as it must be."""
    if isinstance(tree, exp.Null | exp.Boolean):
        return isinstance(tree, exp.Null) or bool(tree.this) is not holds
    if isinstance(tree, exp.Is) and isinstance(tree.this, exp.Null):
        null = isinstance(tree.expression, exp.Null)
        return null and bool(tree.args.get("negate")) is holds
    if type(tree) not in _MIRRORED:
        return False
    nodes = list(tree.walk())
    if any(isinstance(node, exp.Null) for node in nodes):
        return all(type(node) in _TRANSPARENT for node in nodes)
    left, right = _value(tree.this), _value(tree.expression)
    if left is None or right is None or isinstance(left, str) or isinstance(right, str):
        return False
    return _COMPARE[type(tree)](left, right) is not holds


def _bounds(literal: Literal) -> Iterator[tuple[str, type[exp.Expr], Value]]:
    """Term, comparison and constant."""
    tree, holds = literal
    if isinstance(tree, exp.Column):
        yield canonical(tree), exp.EQ, holds
        return
    kind = type(tree)
    if kind not in _MIRRORED:
        return
    left, right = tree.this.unnest(), tree.expression.unnest()
    value = _value(right)
    if value is None:
        value, left, kind = _value(left), right, _MIRRORED[kind]
    if value is not None and _value(left) is None:
        yield canonical(left), kind if holds else _NEGATED[kind], value


def _values(tree: exp.In) -> set[Value] | None:
    found = {_value(part) for part in tree.expressions}
    known = {value for value in found if value is not None}
    return known if found and len(known) == len(found) else None


def _value(tree: exp.Expr) -> Value | None:
    tree = tree.unnest()
    if isinstance(tree, exp.Neg):
        value = _value(tree.this)
        return None if value is None or isinstance(value, str) else -value
    if isinstance(tree, exp.Boolean):
        return bool(tree.this)
    if not isinstance(tree, exp.Literal):
        return None
    return str(tree.this) if tree.is_string else float(tree.this)
