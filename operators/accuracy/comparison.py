"""Stored records held against those that follow from the log."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from operators.accuracy.texts import same_text

TOLERANCE = 1e-9
"""Relative, and absolute near 0: sums differ in the last digits with how they were split."""
EXAMPLES = 5
"""How many differences of a kind are told."""

Value = str | float | int | None
Key = tuple[int, tuple[tuple[str, str], ...]]
"""Time in nanoseconds, and the tags that are there, in the order of their names."""
Rows = Mapping[Key, Mapping[str, Value]]
"""Fields of each record."""


@dataclass
class Comparison:
    """How stored records compare with recomputed ones.

    Attributes:
        equal: in all fields.
        different: in some field.
        missing: recomputed, but not stored.
        extra: stored, but not recomputed.
        examples: what differs, a line each.
    """

    equal: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def compared(self) -> int:
        """All records on either side."""
        return self.equal + self.different + self.missing + self.extra

    @property
    def accuracy(self) -> float | None:
        """Per cent of them that are equal; None for none."""
        return 100 * self.equal / self.compared if self.compared else None

    def add(self, name: str, expected: Rows, stored: Rows) -> None:
        """Compare further records.

        Args:
            name: what they are, for examples.
            expected: those that follow from the log.
            stored: those that are stored.
        """
        for key in expected.keys() - stored.keys():
            self.missing += 1
            self._tell("missing", self.missing, name, key, "")
        for key in stored.keys() - expected.keys():
            self.extra += 1
            self._tell("extra", self.extra, name, key, "")
        for key in expected.keys() & stored.keys():
            if wrong := _differences(expected[key], stored[key]):
                self.different += 1
                self._tell("different", self.different, name, key, f": {wrong}")
            else:
                self.equal += 1

    def _tell(self, what: str, number: int, name: str, key: Key, why: str) -> None:
        if number <= EXAMPLES:
            tags = "".join(f" {tag}={value}" for tag, value in key[1])
            self.examples.append(f"{what} {name} {key[0]}{tags}{why}")


def _differences(expected: Mapping[str, Value], stored: Mapping[str, Value]) -> str:
    names = dict.fromkeys([*expected, *stored])
    values = [one for one in expected.values() if isinstance(one, float)]
    return "; ".join(
        f"{name} is {stored.get(name)} instead of {expected.get(name)}"
        for name in names
        if not _equal(expected.get(name), stored.get(name), values)
    )


def _equal(one: Value, other: Value, values: Sequence[float]) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return same_text(one, other, values)
    if isinstance(one, float) or isinstance(other, float):
        numbers = (int, float)
        return (
            isinstance(one, numbers)
            and isinstance(other, numbers)
            and math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        )
    return one == other
