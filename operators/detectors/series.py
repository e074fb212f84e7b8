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
        return np.array(found, np.intp)
