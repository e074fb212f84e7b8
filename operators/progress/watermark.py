"""The watermark of a key group: the minimum over the partitions of what each has reached."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tidegauge.batch import END_OF_TIME, NO_TIME, PartitionState, Progress
from tidegauge.errors import Stop
from tidegauge.journal import Floor


class Reached(NamedTuple):
    """How far a partition has come, as in `Progress`."""

    watermark_ns: int
    state: PartitionState
    offset: int | None = None


@dataclass
class Watermark:
    """Event time before which no on-time event of a source will come any more.

    It never falls. It stays where it is until every partition has been heard of, also one that is
    new; when all are finished it is the end of time. How an idle partition lets it pass depends on
    whether there is a journal:

    - with one, by the partition's newest floor, from when the partition has come to the floor's
      offset until it goes on from there. A floor for an offset further on waits, one for an offset
      that was passed is in the partition's own watermark;
    - without one, a partition that says it is idle does not count. While all are idle the
      watermark stays.

    Args:
        value_ns: where an earlier run stopped.
        partitions: what each partition had reached in the earlier run. One that was idle counts as
            active until it is heard of again, for it may have filled in between.
        floors: offset and event time of the newest floor of each partition.
        expected: how many partitions were told of, though not all of them may have been heard of.
    """

    value_ns: int = NO_TIME
    partitions: dict[int, Reached] = field(default_factory=dict)
    floors: dict[int, tuple[int, int]] = field(default_factory=dict)
    expected: int = 0

    def __post_init__(self) -> None:
        for partition, reached in self.partitions.items():
            if reached.state is PartitionState.IDLE:
                self.partitions[partition] = reached._replace(state=PartitionState.ACTIVE)
        self.expected = max(self.expected, len(self.partitions))

    def observe(self, news: Progress | Floor) -> None:
        """Take one partition's progress, or a floor of it, into account.

        Raises:
            Stop: a run to the end of the topic closed everything, and now there is more.
        """
        if isinstance(news, Floor):
            self._raise_floor(news)
        else:
            self._move(news)
        self._advance()

    @property
    def passed(self) -> tuple[int, ...]:
        """What it has come to; at the end of time, before that the highest of all partitions.

        So what hangs on the time that has passed does not hang on how much was read at once last.
        """
        if self.value_ns != END_OF_TIME:
            return (self.value_ns,)
        return max(
            (one.watermark_ns for one in self.partitions.values()), default=NO_TIME
        ), END_OF_TIME

    def snapshot(self) -> dict[str, Any]:
        """Everything `restore` needs."""
        return {
            "value_ns": self.value_ns,
            "partitions": {number: tuple(one) for number, one in self.partitions.items()},
            "floors": dict(self.floors),
            "expected": self.expected,
        }

    @classmethod
    def restore(cls, snapshot: dict[str, Any]) -> "Watermark":
        """The watermark of an earlier run."""
        partitions = {number: Reached(*one) for number, one in snapshot["partitions"].items()}
        # Snapshots of earlier versions have no such entry.
        expected = snapshot.get("expected", 0)
        return cls(snapshot["value_ns"], partitions, dict(snapshot["floors"]), expected)

    def _move(self, progress: Progress) -> None:
        if self.value_ns == END_OF_TIME and progress.state is not PartitionState.FINISHED:
            raise Stop(
                f"saved state: an earlier run read {progress.source} to its end and closed every"
                " window, so that nothing can follow; start with an empty recovery directory"
            )
        # Who has not heard yet that there are more still tells the old number.
        self.expected = max(self.expected, progress.partitions)
        if progress.state is PartitionState.WAITING:
            return
        reached = Reached(progress.watermark_ns, progress.state, progress.offset)
        self.partitions[progress.partition] = reached

    def _raise_floor(self, floor: Floor) -> None:
        # A floor for a higher offset shows that the partition goes on at least to there.
        known = self.floors.get(floor.partition, (-1, NO_TIME))
        self.floors[floor.partition] = max(known, (floor.offset, floor.floor_ns))

    def _advance(self) -> None:
        if len(self.partitions) < max(self.expected, 1):
            return
        counted = [
            self._passable_ns(number, reached)
            for number, reached in self.partitions.items()
            if reached.state is PartitionState.ACTIVE
            or (reached.state is PartitionState.IDLE and reached.offset is not None)
        ]
        if counted:
            self.value_ns = max(self.value_ns, min(counted))
        elif all(one.state is PartitionState.FINISHED for one in self.partitions.values()):
            self.value_ns = END_OF_TIME

    def _passable_ns(self, partition: int, reached: Reached) -> int:
        """Event time up to which a partition lets the watermark pass."""
        offset, floor_ns = self.floors.get(partition, (None, NO_TIME))
        if offset is None or offset != reached.offset:
            return reached.watermark_ns
        return max(reached.watermark_ns, floor_ns)
