"""A source of event batches over messages held in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.intake import Intake


@dataclass(frozen=True, slots=True)
class Held:
    """One message: its value (None for a tombstone) and its Kafka timestamp."""

    payload: bytes | None
    appended_ms: int


class MemorySource(FixedPartitionedSource[EventBatch, tuple[int, Any]]):
    """Event batches of messages in memory; every partition finishes after its last one.

    Args:
        partitions: messages of each partition, in offset order.
        make_intake: makes the intake of a partition from its number and saved state.
        batch_size: most messages in one batch.
    """

    def __init__(
        self,
        partitions: Sequence[Sequence[Held]],
        make_intake: Callable[[int, Any], Intake],
        batch_size: int,
    ) -> None:
        self._partitions = partitions
        self._make_intake = make_intake
        self._batch_size = batch_size

    def list_parts(self) -> list[str]:
        """Numbers of the partitions."""
        return [str(number) for number in range(len(self._partitions))]

    def build_part(
        self, step_id: str, for_part: str, resume_state: tuple[int, Any] | None
    ) -> "_Partition":
        """A partition, from its start or where an earlier run stopped."""
        offset, saved = resume_state or (0, None)
        messages = self._partitions[int(for_part)]
        return _Partition(
            messages, self._make_intake(int(for_part), saved), offset, self._batch_size
        )


class _Partition(StatefulSourcePartition[EventBatch, tuple[int, Any]]):
    def __init__(
        self, messages: Sequence[Held], intake: Intake, offset: int, batch_size: int
    ) -> None:
        self._messages = messages
        self._intake = intake
        self._offset = offset
        self._batch_size = batch_size
        self._finished = False

    def next_batch(self) -> list[EventBatch]:
        if self._finished:
            raise StopIteration
        part = self._messages[self._offset : self._offset + self._batch_size]
        if not part:
            self._finished = True
            return [self._intake.quiet(PartitionState.FINISHED)]
        offsets = range(self._offset, self._offset + len(part))
        self._offset += len(part)
        return [
            self._intake.take(
                RawBatch([m.payload for m in part], offsets, [m.appended_ms for m in part])
            )
        ]

    def snapshot(self) -> tuple[int, Any]:
        return self._offset, self._intake.state
