"""What a contestant is to do, and what it has done."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.contestants.peak import peak_mib
from tidegauge.batch import EventBatch


def now() -> tuple[float, float]:
    """Wall and processor seconds."""
    return time.perf_counter(), time.process_time()


@dataclass(frozen=True)
class Task:
    """What a contestant is to do.

    Attributes:
        contestant: `bare`, `refilling`, `flow` or `stock`.
        topic: topic to read.
        events: how many are in it.
        partitions: of the topic.
        size_s, every_s: length of a window and distance between two starts.
        late: whether late events are there and correct results.
        recovery_s: how often state is saved; None for never.
        process, addresses: number of this process and addresses of all, in a cluster.
    """

    contestant: str
    topic: str
    events: int
    partitions: int
    size_s: int = 10
    every_s: int = 10
    late: bool = False
    recovery_s: float | None = None
    process: int = 0
    addresses: tuple[str, ...] = ()


@dataclass
class Tally:
    """What a run has done so far.

    Attributes:
        read: messages read.
        events: events in the first results of windows, each once; for the bare consumer, messages.
        rows: first results; None where there are no windows.
        corrected: corrected results.
        started, ended: when the first message was asked for and the last result was there, seconds
            of a clock that all processes share.
        cpu_seconds: of the process between the two.
        peak_mb: most memory that the process ever held, MiB.
        stall_ms: longest time from the first snapshot of an epoch to the next read.
    """

    read: int = 0
    events: int = 0
    rows: int | None = None
    corrected: int = 0
    started: float = 0.0
    ended: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    stall_ms: float = 0.0
    _cpu_started: float = field(default=0.0, repr=False)
    _reads: dict[int, int] = field(default_factory=dict, repr=False)
    _saving: float | None = field(default=None, repr=False)

    def start(self, at: tuple[float, float] | None = None) -> None:
        """Begin to count time, at the first message."""
        if not self.started:
            self.started, self._cpu_started = at or now()

    def result(self) -> None:
        """A result is there."""
        self.ended, cpu = now()
        self.cpu_seconds = cpu - self._cpu_started

    def reads(self, batch: EventBatch) -> None:
        """A batch was read; its counts are running totals of its partition."""
        self._reads[batch.progress.partition] = batch.counts.read
        self.read = sum(self._reads.values())

    def begins_to_save(self) -> None:
        """A snapshot of state is about to be made."""
        self._saving = self._saving or now()[0]

    def goes_on(self, at: float) -> None:
        """The next read begins."""
        if self._saving is not None:
            self.stall_ms = max(self.stall_ms, (at - self._saving) * 1e3)
            self._saving = None

    def told(self) -> dict[str, Any]:
        """What is printed."""
        self.peak_mb = peak_mib()
        return {name: value for name, value in asdict(self).items() if name[0] != "_"}
