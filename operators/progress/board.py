"""What every partition read in this process has reached, for judging one that wakes from idleness."""

from threading import Lock

from tidegauge.batch import NO_TIME, PartitionState, Progress


class ProgressBoard:
    """Newest progress of the partitions of a source; shared by the worker threads of a process.

    A partition that was idle did not hold the watermark back. When it wakes, its events are judged
    against the watermark that passed meanwhile, which it reads here. Partitions read by other
    processes are not seen; `WindowState.add` keeps what slips through.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._partitions: dict[tuple[str, int], tuple[int, PartitionState]] = {}

    def post(self, progress: Progress) -> None:
        """Replace what was known of a partition."""
        with self._lock:
            self._partitions[progress.source, progress.partition] = (progress.watermark_ns, progress.state)

    def watermark_ns(self, source: str) -> int:
        """Minimum over the source's active partitions; `NO_TIME` when none is active."""
        with self._lock:
            active = [
                at
                for (name, _), (at, state) in self._partitions.items()
                if name == source and state is PartitionState.ACTIVE
            ]
        return min(active, default=NO_TIME)
