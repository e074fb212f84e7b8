"""What conditions ask about events a run took before: COUNT, SUM, AVG, MIN, MAX, FIRST, LAST.

Each is kept up as events are taken, so that asking costs nothing. Of nothing COUNT is 0, the
others null. Nulls are left out, except by FIRST and LAST: those are of one event.
"""

from collections.abc import Callable, Hashable
from typing import Any

from operators.cep.program import Accumulator, Row
from tidegauge.expressions.rows import fitting
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.run_scope import Taken

Read = Callable[[Any], Any]
"""Value of an aggregate out of what its accumulator holds."""


def accumulator(call: Taken, slot: int | None) -> tuple[Accumulator, Read]:
    """How an aggregate is kept up; `slot` is where a row has the argument, None for events."""
    if slot is None:
        return Accumulator(call.step, 0, lambda held, _row: held + 1), _itself
    if call.function in _OF_ONE_EVENT:
        initial, add, read = _OF_ONE_EVENT[call.function](slot, call.offset)
    else:
        initial, add, read = _KINDS[call.function](slot)
    if call.function == "SUM" and call.type is FieldType.INT:
        read = _fitting
    return Accumulator(call.step, initial, add, call.function == "LAST" and not call.offset), read


def _itself(held: Any) -> Any:
    return held


def _fitting(held: int | None) -> int | None:
    return None if held is None else fitting(held)


Kind = tuple[Hashable, Callable[[Any, Row], Hashable], Read]


def _count(slot: int) -> Kind:
    return 0, lambda held, row: held + (row[slot] is not None), _itself


def _sum(slot: int) -> Kind:
    def add(held: Any, row: Row) -> Any:
        value = row[slot]
        if value is None:
            return held
        # A truth value counts as 0 or 1, also the only one.
        return value + 0 if held is None else held + value

    return None, add, _itself


def _avg(slot: int) -> Kind:
    def add(held: Any, row: Row) -> Any:
        value = row[slot]
        return held if value is None else (held[0] + value, held[1] + 1)

    return (0, 0), add, lambda held: held[0] / held[1] if held[1] else None


def _extreme(choose: Callable[[Any, Any], Any]) -> Callable[[int], Kind]:
    def kind(slot: int) -> Kind:
        def add(held: Any, row: Row) -> Any:
            value = row[slot]
            if value is None or held is None:
                return held if value is None else value
            return choose(held, value)

        return None, add, _itself

    return kind


def _first(slot: int, offset: int) -> Kind:
    # Tuples: they tell a null that was taken from nothing.
    def add(held: Any, row: Row) -> Any:
        return held if len(held) > offset else (*held, row[slot])

    return (), add, lambda held: held[offset] if len(held) > offset else None


def _last(slot: int, offset: int) -> Kind:
    if not offset:
        return None, lambda _held, row: row[slot], _itself

    def add(held: Any, row: Row) -> Any:
        return (*held[-offset:], row[slot])

    return (), add, lambda held: held[0] if len(held) > offset else None


_KINDS: dict[str, Callable[[int], Kind]] = {
    "COUNT": _count,
    "SUM": _sum,
    "AVG": _avg,
    "MIN": _extreme(min),
    "MAX": _extreme(max),
}
_OF_ONE_EVENT: dict[str, Callable[[int, int], Kind]] = {"FIRST": _first, "LAST": _last}
