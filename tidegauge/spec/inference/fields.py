"""Fields of JSON objects: their types, as far as strict decoding can read them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from sys import float_info
from typing import Any

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.inference.names import is_escaped

STRAYS = 0.02
"""Share of its values up to which those of another type are taken for faults."""
_INT64 = range(-(2**63), 2**63)
_NAMES = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "object"}
_NUMBERS = frozenset({"int", "float"})
_HUGE = "int beyond a float"
_UNREAD = {
    "array": "an array; values within others are not read",
    "object": "an object; values within others are not read",
    _HUGE: "whole numbers beyond what a float holds",
}


@dataclass(frozen=True, slots=True)
class FieldProfile:
    """What was seen of a field.

    Attributes:
        name: its key in the objects.
        seen: how many objects have it, null not counted.
        type: its type, or None where it cannot be read.
        why: why it cannot be read.
        strays: how many values are of another type.
        distinct: how many different values it has; 0 where it cannot be read.
        low: lowest number, or None where it is not an int or float.
        high: highest number, as `low`.
    """

    name: str
    seen: int
    type: FieldType | None
    why: str = ""
    strays: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None


def profile_fields(objects: Iterable[Mapping[str, Any]]) -> list[FieldProfile]:
    """Profiles of all fields of some objects, in order of their first appearance."""
    found: dict[str, _Seen] = {}
    for value in objects:
        for name, part in value.items():
            found.setdefault(name, _Seen()).add(part)
    return [seen.profile(name) for name, seen in found.items()]


@dataclass(slots=True)
class _Seen:
    """Values of one field so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    values: dict[str, set[Any]] = field(default_factory=dict)

    def add(self, value: Any) -> None:
        if value is None:
            return
        kind = _NAMES[type(value)]
        if kind == "int" and value.bit_length() >= float_info.max_exp:
            kind = _HUGE
        self.kinds[kind] += 1
        if kind not in _UNREAD:
            self.values.setdefault(kind, set()).add(value)

    def profile(self, name: str) -> FieldProfile:
        seen = self.kinds.total()
        kinds = self._main_kinds()
        strays = seen - sum(self.kinds[kind] for kind in kinds)
        values = {value for kind in kinds for value in self.values.get(kind, ())}
        why = self._why_not(name, strays, values)
        if why:
            return FieldProfile(name, seen, None, why)
        kind = FieldType("float" if "float" in kinds else kinds[0])
        numbers = sorted(values) if kind in (FieldType.INT, FieldType.FLOAT) else [None]
        return FieldProfile(name, seen, kind, "", strays, len(values), numbers[0], numbers[-1])

    def _main_kinds(self) -> list[str]:
        """The kind of most values; int and float are one."""
        numbers = [kind for kind in self.kinds if kind in _NUMBERS]
        others = [[kind] for kind in self.kinds if kind not in _NUMBERS]
        return max([numbers, *others], key=lambda kinds: sum(self.kinds[kind] for kind in kinds))

    def _why_not(self, name: str, strays: int, values: set[Any]) -> str:
        """Why the field cannot be read; empty where it can."""
        if is_escaped(name):
            return "a quotation mark, backslash or control character in its name"
        if not self.kinds:
            return "always null"
        (most, _), *_ = self.kinds.most_common(1)
        if strays > STRAYS * self.kinds.total():
            parts = (f"{kind} in {count:,}" for kind, count in self.kinds.most_common())
            return f"of several types: {', '.join(parts)}"
        if most in _UNREAD:
            return _UNREAD[most]
        if self._main_kinds() == ["int"] and not all(value in _INT64 for value in values):
            return "whole numbers beyond 64 bits"
        return ""
