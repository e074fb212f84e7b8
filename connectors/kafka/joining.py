"""A partition that is read for the first time comes in among the others of its source.

What has passed before it is not in its own log. So it is told first that it is there: then nobody
goes on before it has been heard of, and when all others have told that they know of it, it is known
what had passed. That is written into the journal, as what passes an idle partition is, and from
then on the partition is read.
"""

from collections.abc import Callable

from connectors.kafka.reader import PartitionReader
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.intake import Intake
from tidegauge.journal import PartitionJournal


class Joining:
    """What a new partition does before its first message is read.

    Args:
        reader: reads it.
        intake: its intake.
        journal: that of the partition.
        part: number of the partition of the part that reads it.
        count: how many partitions the source has, as far as is known.

    Attributes:
        counted: how many were told of last.
    """

    def __init__(
        self,
        reader: PartitionReader,
        intake: Intake,
        journal: PartitionJournal,
        part: int,
        count: Callable[[], int],
    ) -> None:
        self._reader = reader
        self._intake = intake
        self._journal = journal
        self._part = part
        self._count = count
        self._claimed = False
        self.counted = 0

    def step(self) -> list[EventBatch] | None:
        """What is to be told now; None once messages may be read.

        Raises:
            Retry: the journal has not taken in time what was written of the partition.
            Stop: the journal refuses it, or the broker does not tell where the partition begins.
        """
        if self._claimed:
            return None if self._journal.settled() else []
        if (count := self._count()) > self.counted:
            self.counted = count
            self._intake.grow(count)
            return [self._intake.quiet(PartitionState.WAITING, self._reader.offset)]
        joins = self._journal.joins()
        if joins is None:
            return []
        if joins:
            # Whatever `start` says: nobody knew of it, so nobody chose to leave out its beginning.
            self._reader.rewind()
        self._journal.claim(self._reader.offset, self._part, goes_on=False)
        self._claimed = True
        if joins:
            self._journal.begin(self._reader.offset)
        return []
