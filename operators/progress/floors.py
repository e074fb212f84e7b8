"""Floors of one partition, by the offset from which each holds."""

from bisect import bisect_left, bisect_right

from tidegauge.batch import NO_TIME


class Floors:
    """Event times that records from an offset on are judged against at least.

    Floors rise with the offset: one that is not above those of lower offsets says nothing.
    """

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._floors: list[int] = []

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, offset: int, floor_ns: int) -> None:
        """Take a floor in; they may come in any order."""
        if floor_ns <= self.at(offset):
            return
        begin = bisect_left(self._offsets, offset)
        end = max(begin, bisect_right(self._floors, floor_ns))
        self._offsets[begin:end] = [offset]
        self._floors[begin:end] = [floor_ns]

    def at(self, offset: int) -> int:
        """Highest floor that holds for the record at an offset; `NO_TIME` for none."""
        position = bisect_right(self._offsets, offset)
        return self._floors[position - 1] if position else NO_TIME

    @property
    def highest_ns(self) -> int:
        """The highest of all; `NO_TIME` for none."""
        return self._floors[-1] if self._floors else NO_TIME

    def upto(self, offset: int) -> list[tuple[int, int]]:
        """Offsets up to this one where a floor begins to hold, and the floors, both rising."""
        position = bisect_right(self._offsets, offset)
        return list(zip(self._offsets[:position], self._floors[:position], strict=True))

    def forget(self, offset: int) -> None:
        """Drop all but the highest of the floors that begin up to an offset."""
        position = bisect_right(self._offsets, offset)
        del self._offsets[: max(position - 1, 0)]
        del self._floors[: max(position - 1, 0)]
