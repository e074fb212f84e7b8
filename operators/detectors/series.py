"""Which slot of a detector's arrays a series has."""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from operators.detectors.contract import Slots
from operators.keygroups.keys import Key, key_list


class SeriesTable:
    """Numbers the series in the order in which they are first seen.

    Args:
        by: key columns; none means one series.
        keys: keys of an earlier run, in the order of their slots.
    """

    def __init__(self, by: Sequence[str], keys: Iterable[Key] = ()) -> None:
        self._by = list(by)
        self._slots = {key: slot for slot, key in enumerate(keys)}
        self._keys = list(self._slots)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The key of each slot."""
        return tuple(self._slots)

    def slots(self, frame: pl.DataFrame) -> Slots:
        """Slot of each row; a key that is new gets the next."""
        known = self._slots
        keys = key_list(frame, self._by)
        found = list(map(known.get, keys))
        if None in found:
            found = [known.setdefault(key, len(known)) for key in keys]
            self._keys += list(known)[len(self._keys) :]
        return np.array(found, np.intp)

    def slot(self, key: Key) -> int | None:
        """Slot of a series; None where it was not seen yet."""
        return self._slots.get(key)

    def since(self, slot: int) -> list[Key]:
        """Keys of a slot and those after it."""
        return self._keys[slot:]

    def parts(self, slots: Slots) -> list[tuple[object, ...]]:
        """Values of the key columns of each slot."""
        keys = [self._keys[slot] for slot in slots.tolist()]
        return [key if isinstance(key, tuple) else (key,) for key in keys]
