"""An item of a pattern while it is being described in Python."""

from dataclasses import dataclass
from typing import Protocol

from tidegauge.patterns.checks import PatternError, check_quantifier
from tidegauge.patterns.condition import ALWAYS, Condition
from tidegauge.patterns.pattern import Absence, Contiguity, Group, Item, Quantifier, Sequence, Step


class HasSequence(Protocol):
    """A sequence that is being written."""

    def sequence(self) -> Sequence:
        """The items."""
        ...


@dataclass(frozen=True, slots=True)
class Draft:
    """An item while it is being described."""

    contiguity: Contiguity
    name: str = ""
    where: Condition = ALWAYS
    absent: bool = False
    branches: tuple[HasSequence, ...] = ()
    times: tuple[int, int | None] | None = None
    consecutive: bool = False
    combinations: bool = False
    optional: bool = False
    greedy: bool = False
    until: Condition | None = None
    within_ns: int | None = None

    def finish(self) -> Item:
        """The item it describes."""
        if self.absent:
            self._check_absence()
            return Absence(self.name, self.where, self.contiguity, self.within_ns)
        quantifier = self._quantifier()
        if not self.branches:
            return Step(
                self.name, self.where, self.contiguity, quantifier, self.until, self.within_ns
            )
        if self.within_ns is not None:
            raise PatternError("a group has no time limit of its own; set it on one of its steps")
        branches = tuple(chain.sequence() for chain in self.branches)
        return Group(branches, self.contiguity, quantifier, self.until)

    def _check_absence(self) -> None:
        if self.times is not None or self.optional or self.greedy or self._inner_given:
            raise PatternError(f"{self.name}: a negative step has no quantifier")
        if self.until is not None:
            raise PatternError(f"{self.name}: a negative step has no until")

    @property
    def _inner_given(self) -> bool:
        return self.consecutive or self.combinations

    def _quantifier(self) -> Quantifier:
        name = self.name or "group"
        if self.consecutive and self.combinations:
            raise PatternError(f"{name}: consecutive and combinations exclude each other")
        if self.times is None and (self._inner_given or self.greedy):
            raise PatternError(
                f"{name}: consecutive, combinations and greedy need a number of times"
            )
        inner = Contiguity.RELAXED
        if self._inner_given:
            inner = Contiguity.STRICT if self.consecutive else Contiguity.ANY
        least, most = self.times or (1, 1)
        quantifier = Quantifier(least, most, inner, self.optional, self.greedy)
        check_quantifier(name, quantifier)
        return quantifier
