"""The watermark of a key group: the minimum over the active partitions of what each has reached."""

from dataclasses import dataclass, field

from tidegauge.batch import END_OF_TIME, NO_TIME, PartitionState, Progress
from tidegauge.errors import Stop


@dataclass
class Watermark:
    """Event time before which no on-time event of a source will come any more.

    It never falls. It stays where it is until every partition has been heard of, and while all of
    them are idle; when all are finished it is the end of time.

    Args:
        value_ns: where an earlier run stopped.
        partitions: watermark and state of each partition in the earlier run. One that was idle
            counts as active until it is heard of again, for it may have filled in between.
    """

    value_ns: int = NO_TIME
    partitions: dict[int, tuple[int, PartitionState]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for partition, (at, state) in self.partitions.items():
            if state is PartitionState.IDLE:
                self.partitions[partition] = (at, PartitionState.ACTIVE)

    def observe(self, progress: Progress) -> None:
        """Take one partition's progress into account.

        Raises:
            Stop: a run to the end of the topic closed everything, and now there is more.
        """
        if self.value_ns == END_OF_TIME and progress.state is not PartitionState.FINISHED:
            raise Stop(
                f"saved state: an earlier run read {progress.source} to its end and closed every"
                " window, so that nothing can follow; start with an empty recovery directory"
            )
        self.partitions[progress.partition] = (progress.watermark_ns, progress.state)
        if len(self.partitions) < progress.partitions:
            return
        active = [at for at, state in self.partitions.values() if state is PartitionState.ACTIVE]
        if active:
            self.value_ns = max(self.value_ns, min(active))
        elif all(state is PartitionState.FINISHED for _, state in self.partitions.values()):
            self.value_ns = END_OF_TIME
