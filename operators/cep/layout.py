"""What is computed of a batch of events, once for all patterns: predicates and values."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegauge.expressions.compiled import Scalar
from tidegauge.patterns.condition import Event, EventTest

Booleans = npt.NDArray[np.bool_]


class EventLayout:
    """Predicates of the event alone, and the values that runs keep of an event.

    Both are found by what they say: two patterns with the same condition share its column.

    Args:
        carry: columns of the events that results and Python conditions see.
    """

    def __init__(self, carry: Sequence[str]) -> None:
        self.carry = tuple(carry)
        self._values: dict[str, tuple[int, pl.Expr]] = {}
        for name in carry:
            self._slot(f"column {name}", pl.col(name))
        self._predicates: dict[str, tuple[int, pl.Expr]] = {}
        self._tests: dict[Callable[[Event], bool], int] = {}
        self._count = 0

    @property
    def predicates(self) -> int:
        """How many predicates there are."""
        return self._count

    @property
    def slots(self) -> list[str]:
        """What the values of a row are, in their order; the same text for the same value."""
        return list(self._values)

    def predicate(self, canonical: str, scalar: Scalar) -> int:
        """Number of an SQL predicate; `canonical` is the same text for the same condition."""
        known = self._predicates.get(canonical)
        if known is None:
            known = self._predicates[canonical] = (self._count, scalar.polars)
            self._count += 1
        return known[0]

    def test(self, test: EventTest) -> int:
        """Number of a predicate in Python."""
        known = self._tests.get(test.test)
        if known is None:
            known = self._tests[test.test] = self._count
            self._count += 1
        return known

    def value(self, canonical: str, scalar: Scalar) -> int:
        """Where a row has the value of an SQL expression."""
        return self._slot(canonical, scalar.polars)

    def event(self, row: Sequence[Any]) -> Mapping[str, Any]:
        """The carried columns of a row by name."""
        return dict(zip(self.carry, row, strict=False))

    def holds(self, frame: pl.DataFrame) -> list[Booleans]:
        """Which events each predicate holds for; null does not hold."""
        columns: list[Booleans] = [np.empty(0, np.bool_)] * self._count
        if self._predicates:
            known = self._predicates.values()
            found = frame.select(
                # Over a column, so that a condition without columns has the frame's length.
                (pl.lit(True) & expression).fill_null(False).alias(str(number))
                for number, expression in known
            )
            for series in found:
                values = series.to_numpy()
                if len(values) != frame.height:
                    values = np.broadcast_to(values, frame.height)
                columns[int(series.name)] = values
        if self._tests:
            events = frame.select(self.carry).rows(named=True)
            for test, number in self._tests.items():
                columns[number] = np.fromiter(map(test, events), np.bool_, frame.height)
        return columns

    def rows(self, frame: pl.DataFrame, wanted: npt.NDArray[np.int64]) -> list[tuple[Any, ...]]:
        """Rows of values of some events."""
        if not self._values:
            return [()] * len(wanted)
        picked = frame[wanted]
        return picked.select(
            expression.alias(str(slot)) for slot, expression in self._values.values()
        ).rows()

    def _slot(self, key: str, expression: pl.Expr) -> int:
        known = self._values.get(key)
        if known is None:
            known = self._values[key] = (len(self._values), expression)
        return known[0]
