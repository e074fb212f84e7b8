"""The series (keys) of one window in one key group, numbered."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.keygroups.pieces import Piece
from tidegauge.fieldtypes import FieldType

Slots = npt.NDArray[np.int64]


class Series:
    """Key values to slot numbers and back.

    Args:
        by: key columns and their types; none means one series.
        keys: key values of each column, in slot order.
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
        self._saved: list[tuple[int, Piece]] = []
        self._measured = 0, 0

    def __len__(self) -> int:
        return len(self._slot_of) if self._by else 1

    @property
    def text_bytes(self) -> int:
        """Bytes of the texts among the key values, each counted once."""
        count, size = self._measured
        if count < len(self):
            for column, kind in zip(self._columns, self._by.values(), strict=True):
                if kind is FieldType.STRING:
                    size += sum(len(text.encode()) for text in column[count:] if text)
            self._measured = len(self), size
        return size

    def snapshot(self) -> list[tuple[int, Piece]]:
        """Key values of each column, in slot order: number of keys and keys of each piece.

        New keys are a new piece; of pieces that are not larger than the last, one is made, so that
        there are few.
        """
        start = sum(count for count, _ in self._saved)
        if len(self) > start and self._by:
            while self._saved and self._saved[-1][0] <= len(self) - start:
                start -= self._saved.pop()[0]
            self._saved.append((len(self) - start, Piece([c[start:] for c in self._columns])))
        return list(self._saved)

    @classmethod
    def restored(
        cls, by: Mapping[str, FieldType], snapshot: Sequence[tuple[int, Piece]]
    ) -> "Series":
        """The series that `snapshot` told of."""
        parts = [piece.take() for _, piece in snapshot]
        keys = [list(chain.from_iterable(part[i] for part in parts)) for i in range(len(by))]
        series = cls(by, keys)
        series._saved = list(snapshot)
        return series

    def slots(self, frame: pl.DataFrame) -> Slots:
        """Slot of each row; new keys get the next numbers."""
        if not self._by:
            return np.zeros(frame.height, np.int64)
        keys = self._ids(frame)
        found = list(map(self._slot_of.get, keys))
        if None in found:
            for at, slot in enumerate(found):
                if slot is None:
                    found[at] = self._slot(keys[at])
        return np.array(found, np.int64)

    def find(self, frame: pl.DataFrame) -> Slots:
        """Slot of each row, -1 for a key that has none."""
        if not self._by:
            return np.zeros(frame.height, np.int64)
        return np.array([self._slot_of.get(key, -1) for key in self._ids(frame)], np.int64)

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

    def _ids(self, frame: pl.DataFrame) -> list[Any]:
        if len(self._by) == 1:
            return frame[next(iter(self._by))].to_list()
        return list(zip(*(frame[name].to_list() for name in self._by), strict=True))

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
