"""Which part of a condition does not hold for an event, and with what values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlglot import exp

from operators.cep.buffer import Path
from operators.cep.layout import EventLayout
from operators.cep.measures import Measures
from operators.cep.sql_condition import conjuncts
from tidegauge.expressions.compiled import Columns, Scalar
from tidegauge.expressions.parsing import DIALECT, parse, snippet
from tidegauge.patterns.condition import Condition, RunTest, Sql
from tidegauge.patterns.pattern import Pattern, step_names
from tidegauge.patterns.run_scope import CALLS, RunScope, has_call


@dataclass(frozen=True, slots=True)
class Failing:
    """The part of a condition that does not hold, and the values that it looked at."""

    part: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """A conjunct; `scalar` is None when it looks at what was taken before."""

    text: str
    columns: tuple[str, ...]
    calls: tuple[str, ...]
    scalar: Scalar | None


class FailingParts:
    """Tells of conditions in SQL which part does not hold.

    What it needs is kept with the events, so it is made before the first batch.

    Args:
        pattern: whose conditions.
        conditions: they.
        columns: columns of the events and their types.
        layout: the matcher's.
    """

    def __init__(
        self,
        pattern: Pattern,
        conditions: Sequence[Condition],
        columns: Columns,
        layout: EventLayout,
    ) -> None:
        scope = RunScope(columns, step_names(pattern))
        self._parts: dict[Condition, list[_Part]] = {}
        calls: dict[str, str] = {}
        for condition in conditions:
            if isinstance(condition, Sql):
                parts = [_part(scope, tree) for tree in conjuncts(parse(condition.text))]
                self._parts[condition] = parts
                calls |= {call: call for part in parts for call in part.calls}
        self._measures = Measures(pattern, calls, columns, layout)
        self._holds: dict[int, list[bool]] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the conditions look at, in the order of the pattern."""
        parts = (part for parts in self._parts.values() for part in parts)
        return tuple(dict.fromkeys(name for part in parts for name in part.columns))

    def read(self, events: pl.DataFrame) -> None:
        """Evaluate what the events alone decide."""
        alone = [part.scalar for parts in self._parts.values() for part in parts if part.scalar]
        for scalar in alone:
            held = events.select(pl.lit(True) & scalar.polars).to_series().fill_null(value=False)
            values = held.to_list()
            self._holds[id(scalar)] = (
                values if len(values) == events.height else (values * events.height)
            )

    def find(
        self, condition: Condition, number: int, event: Mapping[str, Any], path: Path
    ) -> Failing:
        """The first part of a condition that does not hold; the condition as a whole does not.

        Args:
            condition: what did not hold.
            number: which of the events that were read.
            event: that event.
            path: what the run took before.
        """
        parts = self._parts.get(condition)
        if parts is None:
            kind = "the event and the run" if isinstance(condition, RunTest) else "the event"
            return Failing(f"a condition in Python over {kind}", {})
        alone = [part for part in parts if part.scalar is not None]
        joined = [part for part in parts if part.scalar is None]
        wrong = [part for part in alone if not self._holds[id(part.scalar)][number]][:1] or joined
        told: dict[str, Any] = {name: event.get(name) for part in wrong for name in part.columns}
        if any(part.calls for part in wrong):
            of_run = self._measures.of(path)
            told |= {call: of_run[call] for part in wrong for call in part.calls}
        return Failing(" AND ".join(part.text for part in wrong), told)


def _part(scope: RunScope, tree: exp.Expr) -> _Part:
    calls = tuple(
        dict.fromkeys(
            call.sql(dialect=DIALECT, comments=False) for call in tree.walk() if type(call) in CALLS
        )
    )
    bare = [column.name for column in tree.find_all(exp.Column) if not column.table]
    # COUNT(small) names a step, not a column.
    counted = {call.this.name for call in tree.find_all(exp.Count)}
    columns = tuple(dict.fromkeys(name for name in bare if name not in counted))
    scalar = None if has_call(tree) else scope.scalar(tree)
    return _Part(snippet(tree), columns, calls, scalar)
