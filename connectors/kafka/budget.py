"""How much a source reads in an epoch.

The engine holds sources back between epochs only: what a process emits within one while another
stalls lies in memory.
"""

from tidegauge.batch import RawBatch


class EpochBudget:
    """Bytes that the partitions of a source have read in this process, each since its epoch began.

    Args:
        limit: from so many bytes on, a partition that has read something waits for its next epoch;
            None for no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._spent: dict[int, int] = {}

    def exhausted(self, partition: int) -> bool:
        """Whether a partition is to wait; one that has read nothing in its epoch never is."""
        if self._limit is None or not self._spent.get(partition):
            return False
        return sum(self._spent.values()) >= self._limit

    def spend(self, partition: int, raw: RawBatch) -> None:
        """Note what a partition has read."""
        if self._limit is not None:
            size = size_of(raw) if raw.nbytes is None else raw.nbytes
            self._spent[partition] = self._spent.get(partition, 0) + size

    def begin(self, partition: int) -> None:
        """A new epoch of a partition begins."""
        self._spent[partition] = 0


def size_of(raw: RawBatch) -> int:
    """Bytes of the payloads and keys."""
    return sum(map(len, filter(None, raw.payloads))) + sum(map(len, filter(None, raw.keys)))
