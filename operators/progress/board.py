"""What passes while a partition is idle, for judging it when it wakes."""

from threading import Lock

from tidegauge.batch import NO_TIME, PartitionState, Progress

_Key = tuple[str, int]


class ProgressBoard:
    """Progress of the partitions of a source; shared by the worker threads of a process.

    A partition that is idle does not hold the watermark back. When it wakes, its events are judged
    against the watermark that passed meanwhile, which it reads here. Partitions read by other
    processes are not seen; `PanedState.add` keeps what slips through.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._newest: dict[_Key, Progress] = {}
        self._passed: dict[_Key, int] = {}

    def post(self, progress: Progress) -> None:
        """Replace what was known of a partition."""
        with self._lock:
            self._newest[progress.source, progress.partition] = progress
            known = [one for one in self._newest.values() if one.source == progress.source]
            active = [one.watermark_ns for one in known if one.state is PartitionState.ACTIVE]
            if not active:
                return
            for one in known:
                if one.state is PartitionState.IDLE:
                    key = one.source, one.partition
                    self._passed[key] = max(self._passed.get(key, NO_TIME), min(active))

    def passed_ns(self, source: str, partition: int) -> int:
        """Highest watermark of the others while a partition was idle; `NO_TIME` for none."""
        with self._lock:
            return self._passed.get((source, partition), NO_TIME)
