"""Which series are held against one another."""

from collections.abc import Iterable, Sequence

import numpy as np

from operators.detectors.contract import Slots
from operators.keygroups.keys import Key


class GroupNumbers:
    """The number of the group of each slot; groups are numbered as they are first seen.

    Args:
        by: key columns of the series.
        group: those of them that the members of a group share; none means one group.
    """

    def __init__(self, by: Sequence[str], group: Sequence[str]) -> None:
        self._places = [by.index(key) for key in group]
        self._known: dict[tuple[object, ...], int] = {}
        self._numbers = np.zeros(0, np.intp)

    def __len__(self) -> int:
        return self._numbers.size

    def __call__(self, slots: Slots) -> Slots:
        """The group of each slot."""
        numbers: Slots = self._numbers[slots]
        return numbers

    def learn(self, keys: Iterable[Key]) -> None:
        """Take in the keys of the slots after those that are known."""
        found = [self._number(key if isinstance(key, tuple) else (key,)) for key in keys]
        if found:
            self._numbers = np.concatenate([self._numbers, np.array(found, np.intp)])

    def _number(self, parts: tuple[object, ...]) -> int:
        shared = tuple(parts[place] for place in self._places)
        return self._known.setdefault(shared, len(self._known))
