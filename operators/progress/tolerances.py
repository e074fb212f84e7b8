"""Out-of-orderness that one partition is read with, by the offset from which each holds."""

from bisect import bisect_left, bisect_right


class Tolerances:
    """What each run claimed: to read from an offset on, with an out-of-orderness."""

    def __init__(self) -> None:
        self._offsets: list[int] = []
        self._values: list[int] = []

    def claim(self, offset: int, out_of_orderness_ns: int) -> None:
        """A run reads from here on; what was claimed before it from there on is void."""
        begin = bisect_left(self._offsets, offset)
        del self._offsets[begin:], self._values[begin:]
        if not self._values or self._values[-1] != out_of_orderness_ns:
            self._offsets.append(offset)
            self._values.append(out_of_orderness_ns)

    def within(self, first: int, last: int) -> list[tuple[int, int]]:
        """What holds at an offset, and what begins to hold after it up to another one.

        Before the first claim its out-of-orderness holds: earlier versions claimed none.
        """
        if not self._values:
            return []
        begin = max(bisect_right(self._offsets, first) - 1, 0)
        end = bisect_right(self._offsets, last)
        later = zip(self._offsets[begin + 1 : end], self._values[begin + 1 : end], strict=True)
        return [(first, self._values[begin]), *later]
