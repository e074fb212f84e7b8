"""Which field tells series apart: a text that is nearly always there and comes again and again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.inference.fields import FieldProfile
from tidegauge.spec.inference.names import words
from tidegauge.spec.inference.time_names import sounds_like_time

_ENOUGH = 0.9
_REPEATS = 2
_LONGEST = 64
_FEW, _MANY = 3, 100
"""Numbers of different values that make a good key."""
_OUTCOMES = frozenset(
    {"status", "state", "result", "outcome", "type", "kind", "level", "severity", "method"}
    | {"message", "unit", "currency"}
)
"""Words of what happened, rather than of what it happened to."""


def choose_key(
    objects: Iterable[Mapping[str, Any]], fields: Sequence[FieldProfile]
) -> FieldProfile | None:
    """The best of these fields to group by, or None where there is no good one."""
    values = list(objects)
    good = [
        (_rank(field), order, field)
        for order, field in enumerate(fields)
        if _repeats(field, len(values)) and _is_short(field.name, values)
    ]
    return min(good, key=lambda ranked: ranked[:2])[2] if good else None


def _repeats(field: FieldProfile, objects: int) -> bool:
    return (
        field.type is FieldType.STRING
        and field.seen >= _ENOUGH * objects
        and 2 <= field.distinct <= field.seen / _REPEATS
        and not sounds_like_time(field.name)
    )


def _is_short(name: str, objects: Sequence[Mapping[str, Any]]) -> bool:
    return all(len(value.get(name) or "") <= _LONGEST for value in objects)


def _rank(field: FieldProfile) -> int:
    outcome = not _OUTCOMES.isdisjoint(words(field.name))
    return 2 * outcome + (not _FEW <= field.distinct <= _MANY)
