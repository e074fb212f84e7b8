"""Which key group a row belongs to, and frames cut along that."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

from operators.keygroups.keys import Key, key_bytes, key_list
from operators.keygroups.names import MAX_GROUPS

Groups = npt.NDArray[np.int8]

CACHED_KEYS = 200_000
"""So many keys of one kind are remembered; with more, all are forgotten and learned again."""

_MANY_ROWS = 4_096
"""From so many rows on it pays to find the distinct keys first."""


class Part(NamedTuple):
    """Rows of one key group."""

    group: int
    frame: pl.DataFrame


class KeyGroups:
    """Deals rows to `groups` key groups by the hash of their key.

    The hash is XXH3 of the key's bytes (`key_bytes`) and therefore the same in every process and
    version. A known key costs a look-up only.

    Args:
        groups: 1 to 16.

    Raises:
        ValueError: there are no such many groups.
    """

    def __init__(self, groups: int) -> None:
        if not 1 <= groups <= MAX_GROUPS:
            raise ValueError(f"{groups} key groups: allowed are 1 to {MAX_GROUPS}")
        self._groups = groups
        self._known: dict[tuple[pl.DataType, ...], _Known] = {}

    def of_frame(self, frame: pl.DataFrame, by: Sequence[str], *, distinct: bool = False) -> Groups:
        """Key group of each row; without key columns all rows belong to group 0.

        `distinct` says that few rows have the same key: then these are not looked for.
        """
        if not by or self._groups == 1:
            return np.zeros(frame.height, np.int8)
        keys = frame.select(by)
        if distinct or frame.height < _MANY_ROWS:
            return self._look_up(keys)
        once = keys.unique()
        assigned = once.with_columns(_group=pl.Series(self._look_up(once)))
        joined = keys.join(
            assigned, on=list(by), how="left", nulls_equal=True, maintain_order="left"
        )
        return joined["_group"].to_numpy()

    def split(
        self, frame: pl.DataFrame, by: Sequence[str], *, distinct: bool = False
    ) -> list[Part]:
        """The frame cut by key group, in the order of the groups; groups without rows are left out.

        The rows of a group keep their order. They are sorted once; the parts are slices of that.
        For `distinct` see `of_frame`.
        """
        if not frame.height:
            return []
        groups = self.of_frame(frame, by, distinct=distinct)
        counts = np.bincount(groups, minlength=self._groups)
        present = np.flatnonzero(counts)
        if present.size == 1:
            return [Part(int(present[0]), frame)]
        ordered = frame[np.argsort(groups, kind="stable")]
        starts = np.cumsum(counts) - counts
        return [Part(int(g), ordered.slice(int(starts[g]), int(counts[g]))) for g in present]

    def _look_up(self, keys: pl.DataFrame) -> Groups:
        kinds = tuple(keys.dtypes)
        known = self._known.setdefault(kinds, _Known(self._groups))
        if len(known) > CACHED_KEYS:
            known.clear()
        found = map(known.__getitem__, key_list(keys, keys.columns))
        return np.fromiter(found, np.int8, keys.height)


class _Known(dict[Key, int]):
    """Groups of keys of one kind, filled as they are asked for."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self._groups = groups

    def __missing__(self, key: Key) -> int:
        group = self[key] = xxhash.xxh3_64_intdigest(key_bytes(key)) % self._groups
        return group
