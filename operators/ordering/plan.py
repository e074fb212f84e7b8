"""Who needs events in event-time order: of which source, told apart by which keys."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

PREFIX = "ordered "
"""How the names of record batches in event-time order begin."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """Events of a source in event-time order within each key group of the key columns `by`.

    `columns` are the fields that are looked at; others are not sent along.
    """

    source: str
    by: tuple[str, ...]
    columns: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the record batches that carry these events."""
        return f"{PREFIX}{self.source}({', '.join(self.by)})"


def merge_orderings(needed: Iterable[Ordering | None], source: str) -> tuple[Ordering, ...]:
    """The orderings of one source that serve all who need one, each name once."""
    merged: dict[str, Ordering] = {}
    for ordering in needed:
        if ordering is not None and ordering.source == source:
            known = merged.get(ordering.name, ordering)
            merged[ordering.name] = replace(known, columns=known.columns | ordering.columns)
    return tuple(merged.values())
