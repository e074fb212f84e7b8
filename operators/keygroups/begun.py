"""State that begins anew: what older snapshots hold of a part is not taken over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_MARK = "#"
"""Between a part's name and how often it began anew; no name has it."""
_SOURCES = "begun"


@dataclass(frozen=True, slots=True)
class Begun:
    """How often the state of each part of a pipeline began anew.

    Attributes:
        numbers: by `kind:name`; a part that is not here never did.
    """

    numbers: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def number(self, kind: str, name: str) -> int:
        """How often a part began anew."""
        return self.numbers.get(f"{kind}:{name}", 0)


NEVER = Begun()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts in the snapshots of one step: under which name each is saved.

    A part that began anew is saved under its name and a number. So a snapshot from before, which a
    start that failed may come back to, holds nothing of it.

    Attributes:
        kind: what the parts are, such as `window`.
        fields: entries of a snapshot that are mappings by the names of parts.
        begun: how often each began anew.
        sources: sources that the step as a whole follows: when one began anew, all of it does.
        prefix: of the names in the snapshot, left out in `begun`.
    """

    kind: str
    fields: Sequence[str]
    begun: Begun = NEVER
    sources: Sequence[str] = ()
    prefix: str = ""

    def restored(self, saved: dict[str, Any] | None) -> dict[str, Any] | None:
        """A snapshot with the parts that are not of before a new beginning, by their names."""
        if saved is None or saved.get(_SOURCES, {}) != self._sources():
            return None
        snapshot = {key: value for key, value in saved.items() if key != _SOURCES}
        for name in self.fields:
            if name in snapshot:
                snapshot[name] = self._current(snapshot[name])
        return snapshot

    def saved(self, snapshot: dict[str, Any] | None) -> dict[str, Any] | None:
        """A snapshot as it is saved."""
        if snapshot is None or not self.begun.numbers:
            return snapshot
        renamed = {name: self._marked(snapshot[name]) for name in self.fields if name in snapshot}
        sources = self._sources()
        return {**snapshot, **renamed, **({_SOURCES: sources} if sources else {})}

    def _current(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        found = {}
        for key, value in parts.items():
            name, _, number = key.partition(_MARK)
            if int(number or 0) == self._number(name):
                found[name] = value
        return found

    def _marked(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        numbers = {name: self._number(name) for name in parts}
        return {
            f"{name}{_MARK}{numbers[name]}" if numbers[name] else name: value
            for name, value in parts.items()
        }

    def _number(self, name: str) -> int:
        return self.begun.number(self.kind, name.removeprefix(self.prefix))

    def _sources(self) -> dict[str, int]:
        numbers = {name: self.begun.number("source", name) for name in self.sources}
        return {name: number for name, number in numbers.items() if number}
