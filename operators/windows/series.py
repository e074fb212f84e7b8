"""The series (keys) of one window in one key group, numbered."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tidegauge.fieldtypes import FieldType

Slots = npt.NDArray[np.int64]


class Series:
    """Key values to slot numbers and back.

    Args:
        by: key columns and their types; none means one series.
        keys: key values of each column, in slot order, from an earlier run.
    """

    def __init__(self, by: Mapping[str, FieldType], keys: list[list[Any]] | None = None) -> None:
        self._by = dict(by)
        self._columns: list[list[Any]] = (
            [list(column) for column in keys] if keys else [[] for _ in by]
        )
        ids: list[Any] = (
            self._columns[0] if len(by) == 1 else list(zip(*self._columns, strict=True))
        )
        self._slot_of: dict[Any, int] = {key: slot for slot, key in enumerate(ids)}
        self._cached: list[pl.Series] | None = None

    def __len__(self) -> int:
        return len(self._slot_of) if self._by else 1

    @property
    def keys(self) -> list[list[Any]]:
        """Key values of each column, in slot order (copies)."""
        return [list(column) for column in self._columns]

    def slots(self, frame: pl.DataFrame) -> Slots:
        """Slot of each row; new keys get the next numbers."""
        if not self._by:
            return np.zeros(frame.height, np.int64)
        if len(self._by) == 1:
            keys: list[Any] = frame[next(iter(self._by))].to_list()
        else:
            keys = list(zip(*(frame[name].to_list() for name in self._by), strict=True))
        found = list(map(self._slot_of.get, keys))
        if None in found:
            found = [self._slot(key) for key in keys]
        return np.array(found, np.int64)

    def columns(self, slots: Slots) -> list[pl.Series]:
        """Key columns of the series with these slots."""
        if self._cached is None:
            self._cached = [
                pl.Series(name, column, dtype=kind.dtype)
                for (name, kind), column in zip(self._by.items(), self._columns, strict=True)
            ]
        return [column.gather(slots) for column in self._cached]

    def kept(self, slots: Slots) -> "Series":
        """The series with these slots, renumbered in their order."""
        return Series(self._by, [[column[slot] for slot in slots] for column in self._columns])

    def _slot(self, key: Any) -> int:
        slot = self._slot_of.get(key)
        if slot is None:
            slot = self._slot_of[key] = len(self._slot_of)
            for column, value in zip(
                self._columns, key if len(self._by) > 1 else (key,), strict=True
            ):
                column.append(value)
            self._cached = None
        return slot
