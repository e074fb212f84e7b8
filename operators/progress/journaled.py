"""What passes idle partitions, where a journal carries it: for all processes and every replay."""

from collections.abc import Sequence
from threading import Lock

from operators.progress.floors import Floors
from tidegauge.batch import NO_TIME, PartitionState, Progress
from tidegauge.journal import Floor, PartitionKey

PERIOD_NS = 1_000_000_000
"""Least time between two floors of a partition."""
_LOOKS = 10
"""How often a period to look whether a floor is due."""
_NONE = Floors()


class JournaledBoard:
    """Floors of the journal, and what the next ones will be.

    A floor counts once it is in the journal (`learn`), not when it is thought of (`due`). What it
    is made from may be older than what has really passed, for the partitions of other processes
    are heard of later; then it is lower, and only the windows close later.

    Args:
        period_ns: least time between two floors of a partition.
    """

    journaled = True

    def __init__(self, period_ns: int = PERIOD_NS) -> None:
        self._period_ns = period_ns
        self._lock = Lock()
        self._own: set[PartitionKey] = set()
        self._newest: dict[PartitionKey, Progress] = {}
        self._floors: dict[PartitionKey, Floors] = {}
        self._next_ns: dict[PartitionKey, int] = {}
        self._silent: dict[str, tuple[int, int]] = {}

    def post(self, progress: Progress) -> None:
        """Replace what was known of a partition that this process reads."""
        with self._lock:
            self._own.add((progress.source, progress.partition))
            self._note(progress)

    def hear(self, progress: Progress) -> None:
        """Replace what was known of a partition, unless this process reads it and knows better."""
        with self._lock:
            if (progress.source, progress.partition) not in self._own:
                self._note(progress)

    def passed_ns(self, source: str, partition: int) -> int:
        """Nothing passes a partition but what is in the journal."""
        return NO_TIME

    def learn(self, floor: Floor) -> None:
        """Take in a floor that is in the journal and counts."""
        with self._lock:
            self._floors.setdefault(floor.key, Floors()).add(floor.offset, floor.floor_ns)

    def floors(self, source: str, partition: int, last: int) -> Sequence[tuple[int, int]]:
        """Offsets up to the last of a batch where a floor begins to hold, and the floors.

        Both rise. Batches are asked for in their order: what lies before one is forgotten.
        """
        with self._lock:
            floors = self._floors.get((source, partition))
            if not floors:
                return ()
            steps = floors.upto(last)
            floors.forget(last)
            return steps

    def due(self, source: str, partition: int, offset: int, now_ns: int) -> int | None:
        """The floor that an idle partition of this process should write now, if any.

        While other partitions are active it is the lowest of their watermarks. While all are idle
        it is the highest that any has reached, by its events or floors, and goes on with the clock
        from there.

        Args:
            source: name of the source.
            partition: number of the partition.
            offset: the next offset that will be read from it.
            now_ns: monotonic clock.
        """
        key = source, partition
        with self._lock:
            if now_ns < self._next_ns.get(key, now_ns):
                return None
            passing_ns = self._passing_ns(source, now_ns)
            known_ns = self._floors.get(key, _NONE).at(offset)
            if passing_ns <= max(known_ns, self._newest[key].watermark_ns):
                self._next_ns[key] = now_ns + self._period_ns // _LOOKS
                return None
            self._next_ns[key] = now_ns + self._period_ns
            return passing_ns

    def _note(self, progress: Progress) -> None:
        self._newest[progress.source, progress.partition] = progress
        if progress.state is PartitionState.ACTIVE:
            self._silent.pop(progress.source, None)

    def _passing_ns(self, source: str, now_ns: int) -> int:
        known = [one for (name, _), one in self._newest.items() if name == source]
        if len(known) < known[0].partitions:
            return NO_TIME
        active = [one.watermark_ns for one in known if one.state is PartitionState.ACTIVE]
        if active:
            return min(active)
        if source not in self._silent:
            reached = [one.watermark_ns for one in known]
            reached += [one.highest_ns for (name, _), one in self._floors.items() if name == source]
            self._silent[source] = max(reached), now_ns
        highest_ns, since_ns = self._silent[source]
        return highest_ns + now_ns - since_ns if highest_ns != NO_TIME else NO_TIME
