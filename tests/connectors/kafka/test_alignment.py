"""Epochs of processes that drifted apart: a cluster in simulated time, by the engine's rules."""

from dataclasses import dataclass, field

from connectors.kafka.alignment import MS, NOTICED_NS, Alignment

EPOCH_NS = 1_000 * MS
HICCUP_NS = 400 * MS


@dataclass
class Part:
    """A part in a thread of its own: it ends an epoch, then waits for the others to end theirs."""

    aligned: bool
    now_ns: int = 0
    epoch: int = 0
    started_ns: int = 0
    busy_until_ns: int = 0
    ended_ns: int | None = None
    pauses_ns: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.alignment = Alignment(EPOCH_NS, lambda: self.now_ns, self.block)

    def block(self, duration_ns: int) -> None:
        self.busy_until_ns = self.now_ns + duration_ns

    def turn(self, others: list["Part"], costs_ns: int) -> None:
        if self.now_ns < self.busy_until_ns or any(one.epoch < self.epoch for one in others):
            return
        if self.ended_ns is not None:
            if self.now_ns < max(one.ended_ns or 0 for one in [self, *others]) + costs_ns:
                return
            self.pauses_ns.append(self.now_ns - self.ended_ns)
            self.ended_ns = None
        if self.aligned and self.alignment.before_read():
            return
        if self.now_ns - self.started_ns >= EPOCH_NS:
            self.alignment.ended()
            self.epoch, self.started_ns, self.ended_ns = (
                self.epoch + 1,
                self.now_ns,
                self.now_ns,
            )


def run(count: int, *, aligned: bool, costs_ns: int = 0, epochs: int = 30) -> list[list[int]]:
    """Pauses of each part, in ns; the last one hiccups across the end of its second epoch."""
    parts = [Part(aligned) for _ in range(count)]
    for now_ns in range(0, epochs * EPOCH_NS, MS):
        for part in parts:
            part.now_ns = now_ns
            if now_ns == 2 * EPOCH_NS - MS and part is parts[-1]:
                part.block(HICCUP_NS)
            part.turn([other for other in parts if other is not part], costs_ns)
    return [part.pauses_ns for part in parts]


def test_without_alignment_one_hiccup_costs_as_much_in_every_epoch() -> None:
    early, _ = run(2, aligned=False)
    assert min(early[3:]) > HICCUP_NS / 2


def test_processes_that_drifted_apart_end_their_epochs_together_again() -> None:
    for pauses in run(3, aligned=True):
        assert max(pauses[6:]) < NOTICED_NS


def test_what_everyone_waits_for_is_soon_left_alone() -> None:
    """Writing at the end of an epoch takes everyone 100 ms: waiting as well would make it more."""
    aligned, plain = (run(2, aligned=one, costs_ns=100 * MS, epochs=60) for one in (True, False))
    assert all(len(plain[part]) - len(aligned[part]) <= 1 for part in range(2))
