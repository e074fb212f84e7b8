"""What a source does with the messages of one partition."""

from typing import Any, Protocol

from tidegauge.batch import EventBatch, PartitionState, RawBatch


class Intake(Protocol):
    """What turns a partition's messages into event batches; see `operators.intake`."""

    @property
    def state(self) -> Any:
        """Small, picklable state after the last batch."""

    @property
    def clock_kept(self) -> bool:
        """Whether the clock of the reader had to be kept in the journal for the last batch."""

    def grow(self, partitions: int) -> None:
        """The source has so many partitions now; what is told next says so."""

    def take(self, raw: RawBatch) -> EventBatch:
        """Shape a batch of messages."""

    def quiet(self, state: PartitionState, offset: int | None = None) -> EventBatch:
        """A batch without events that tells of the partition's new state.

        Args:
            state: the new state.
            offset: the next offset to read, where it is known.
        """
