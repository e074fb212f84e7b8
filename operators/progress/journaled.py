"""What passes idle partitions, where a journal carries it: for all processes and every replay."""

from collections.abc import Callable, Sequence
from threading import Lock

from operators.progress.floors import Floors
from operators.progress.tolerances import Tolerances
from tidegauge.batch import NO_TIME, PartitionState, Progress
from tidegauge.journal import Claim, Floor, PartitionKey, ReadAt

PERIOD_NS = 1_000_000_000
"""Least time between two floors of a partition."""
_LOOKS = 10
"""How often a period to look whether a floor is due."""
_NONE = Floors()
Keep = Callable[[str, int, int, int, int], None]
"""Keeps what the clock said: source, partition, first and last offset, milliseconds."""


def _keeps_nothing(source: str, partition: int, first: int, last: int, clock_ms: int) -> None:
    """For a run that writes nothing."""


class JournaledBoard:
    """Floors of the journal, and what the next ones will be.

    A floor counts once it is in the journal (`learn`), not when it is thought of (`due`). What it
    is made from may be older than what has really passed, for the partitions of other processes
    are heard of later; then it is lower, and only the windows close later.

    Args:
        period_ns: least time between two floors of a partition.
        keep: keeps what the clock said, and then lets the board learn it.
    """

    journaled = True

    def __init__(self, period_ns: int = PERIOD_NS, keep: Keep = _keeps_nothing) -> None:
        self.keep_read_at = keep
        self._read_at: dict[PartitionKey, list[tuple[int, int, int]]] = {}
        self._period_ns = period_ns
        self._lock = Lock()
        self._own: set[PartitionKey] = set()
        self._newest: dict[PartitionKey, Progress] = {}
        self._floors: dict[PartitionKey, Floors] = {}
        self._next_ns: dict[PartitionKey, int] = {}
        self._silent: dict[str, tuple[int, int]] = {}
        self._tolerances: dict[PartitionKey, Tolerances] = {}
        self._partitions: dict[str, int] = {}
        self._first: dict[PartitionKey, Progress] = {}

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

    def claimed(self, claim: Claim) -> None:
        """Take in a claim that is in the journal and counts."""
        if claim.offset is None or claim.out_of_orderness_ns is None:
            return
        with self._lock:
            known = self._tolerances.setdefault(claim.key, Tolerances())
            known.claim(claim.offset, claim.out_of_orderness_ns)

    def tolerances(
        self, source: str, partition: int, first: int, last: int
    ) -> Sequence[tuple[int, int]]:
        """Offsets of a batch from which an out-of-orderness holds, and the out-of-orderness."""
        with self._lock:
            known = self._tolerances.get((source, partition))
            return known.within(first, last) if known else ()

    def learn_read_at(self, entry: ReadAt) -> None:
        """Take in what the clock said, which is in the journal and counts."""
        with self._lock:
            known = self._read_at.setdefault(entry.key, [])
            known.append((entry.offset, entry.last, entry.clock_ms))

    def read_at(
        self, source: str, partition: int, first: int, last: int
    ) -> Sequence[tuple[int, int, int]]:
        """What the clock said when messages were read, where their timestamps said more."""
        with self._lock:
            known = self._read_at.get((source, partition))
            if not known:
                return ()
            known[:] = [one for one in known if one[1] >= first]
            return [one for one in known if one[0] <= last]

    def partitions(self, source: str) -> int:
        """How many partitions a source has, as far as anyone has told; 0 for unknown."""
        return self._partitions.get(source, 0)

    def joins(self, source: str) -> bool | None:
        """Whether a new partition of a source joins others that were read before.

        Returns:
            None while not every partition has told that it knows of all of them.
        """
        with self._lock:
            heard = self._heard(source)
            if not heard or len(heard) < self._partitions[source]:
                return None
            return any(one.state is not PartitionState.WAITING for one in heard)

    def passed_before_ns(self, source: str) -> int:
        """A watermark that has not been passed before a new partition of a source is heard of.

        From when a partition tells that there is a new one, nobody goes on before that is heard of.
        So nobody has passed what any of the others had reached when it told so for the first time:
        by its events, or by the floor that it slept by. Ask when the journal has been read up to
        an entry that was written after all of them had (`joins`).
        """
        with self._lock:
            return min(
                (
                    max(one.watermark_ns, self._floor_at(one))
                    for one in self._heard(source)
                    if one.state is not PartitionState.WAITING
                ),
                default=NO_TIME,
            )

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

    def floor_ns(self, source: str, partition: int, offset: int) -> int:
        """Highest floor that is known for the record at an offset; `NO_TIME` for none."""
        with self._lock:
            return self._floors.get((source, partition), _NONE).at(offset)

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
        key = progress.source, progress.partition
        self._newest[key] = progress
        count = max(self._partitions.get(progress.source, 0), progress.partitions)
        self._partitions[progress.source] = count
        first = self._first.get(key)
        if progress.offset is not None and (not first or first.partitions < progress.partitions):
            self._first[key] = progress
        if progress.state in (PartitionState.ACTIVE, PartitionState.WAITING):
            self._silent.pop(progress.source, None)

    def _heard(self, source: str) -> list[Progress]:
        """What each partition of a source told first when it knew of all of them."""
        count = self._partitions.get(source, 0)
        return [
            one
            for (name, _), one in self._first.items()
            if name == source and one.partitions == count
        ]

    def _floor_at(self, told: Progress) -> int:
        return self._floors.get((told.source, told.partition), _NONE).at(told.offset or 0)

    def _passing_ns(self, source: str, now_ns: int) -> int:
        known = [one for (name, _), one in self._newest.items() if name == source]
        if len(known) < self._partitions[source]:
            return NO_TIME
        if any(one.state is PartitionState.WAITING for one in known):
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
