"""What conditions ask about events a run took before: COUNT, SUM, AVG, MIN, MAX, FIRST, LAST.

Each is kept up as events are taken, so that asking costs nothing. Of nothing COUNT and SUM are 0,
the others null. Nulls are left out, except by FIRST and LAST: those are of one event.
"""

from collections.abc import Callable, Hashable
from typing import Any

from operators.cep.program import Accumulator, Row

Read = Callable[[Any], Any]
"""Value of an aggregate out of what its accumulator holds."""


def accumulator(name: str, step: str, slot: int | None) -> tuple[Accumulator, Read]:
    """How an aggregate is kept up; `slot` is where a row has the argument, None for events."""
    if slot is None:
        return Accumulator(step, 0, lambda held, _row: held + 1), _itself
    initial, add, read = _KINDS[name](slot)
    return Accumulator(step, initial, add), read


def _itself(held: Any) -> Any:
    return held


Kind = tuple[Hashable, Callable[[Any, Row], Hashable], Read]


def _count(slot: int) -> Kind:
    return 0, lambda held, row: held + (row[slot] is not None), _itself


def _sum(slot: int) -> Kind:
    def add(held: Any, row: Row) -> Any:
        value = row[slot]
        return held if value is None else held + value

    return 0, add, _itself


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


def _first(slot: int) -> Kind:
    # A tuple tells a null that was taken from nothing.
    return (), lambda held, row: held or (row[slot],), lambda held: held[0] if held else None


def _last(slot: int) -> Kind:
    return None, lambda _held, row: row[slot], _itself


_KINDS: dict[str, Callable[[int], Kind]] = {
    "COUNT": _count,
    "SUM": _sum,
    "AVG": _avg,
    "MIN": _extreme(min),
    "MAX": _extreme(max),
    "FIRST": _first,
    "LAST": _last,
}
