"""A run of intakes and windows over partitions' logs and a journal, as a live flow or a replay."""

import json
import pickle
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from connectors.codecs.json_columns import JsonColumns
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.journaled import JournaledBoard
from operators.windows.group import Partials, WindowGroup
from tests.operators.windows.harness import FAR_MS, make_plan, make_source, partials
from tidegauge.batch import OFFSET, EventBatch, PartitionState, RawBatch
from tidegauge.journal import Floor

SOURCE = make_source(bound=2_000, lateness=10_000)
PLANS = [make_plan(SOURCE, size=10_000)]
INTAKE = plan_intake("s", SOURCE, JsonColumns)
SECOND = 1_000_000_000


@dataclass
class World:
    """What outlives every run: event times in seconds by partition, and the journal."""

    logs: list[list[int]]
    journal: list[Floor] = field(default_factory=list)
    now_s: int = 0


@dataclass
class Left:
    """What runs have left; what one leaves again must be the same."""

    rows: dict[tuple[int, int], int] = field(default_factory=dict)
    """Events in a window, by its end and revision."""
    verdicts: dict[tuple[int, int], str] = field(default_factory=dict)
    """By partition and offset."""

    def row(self, end: int, revision: int, count: int) -> None:
        assert self.rows.setdefault((end, revision), count) == count

    def verdict(self, partition: int, offset: int, verdict: str) -> None:
        assert self.verdicts.setdefault((partition, offset), verdict) == verdict


class Run:
    """One process that reads all partitions, and one key group that hears of them later."""

    def __init__(self, world: World, left: Left) -> None:
        self.world = world
        self.left = left
        self.saved: bytes | None = None
        self.restart()

    def restart(self) -> None:
        """Go on from what was saved, or begin; the floors are read from the journal first."""
        size = len(self.world.logs)
        begin: dict[str, Any] = {
            "offsets": [0] * size,
            "intakes": [IntakeState()] * size,
            "group": None,
            "followed": 0,
        }
        state = pickle.loads(self.saved) if self.saved else begin  # noqa: S301 - made here
        self.board = JournaledBoard()
        for floor in self.world.journal:
            self.board.learn(floor)
        self.offsets = list(state["offsets"])
        self.followed = state["followed"]
        self.intakes = [
            Intake(INTAKE, number, size, self.board, saved)
            for number, saved in enumerate(state["intakes"])
        ]
        self.group = WindowGroup(PLANS, lambda: 0, state["group"])
        self.inbox: list[deque[Partials]] = [deque() for _ in range(size)]

    def save(self) -> None:
        """Save positions and states, as at the end of an epoch: all that was read has arrived."""
        self.deliver_all()
        state = {
            "offsets": list(self.offsets),
            "intakes": [intake.state for intake in self.intakes],
            "group": self.group.snapshot(),
            "followed": self.followed,
        }
        self.saved = pickle.dumps(state)

    def read(self, partition: int, size: int) -> None:
        """Read a batch, if there is one."""
        begin = self.offsets[partition]
        seconds = self.world.logs[partition][begin : begin + size]
        if not seconds:
            return
        offsets = range(begin, begin + len(seconds))
        payloads: list[bytes | None] = [json.dumps({"ts": at * 1_000}).encode() for at in seconds]
        self.offsets[partition] = offsets.stop
        batch = self.intakes[partition].take(RawBatch(payloads, offsets, [FAR_MS] * len(offsets)))
        for verdict, frame in (("on time", batch.on_time), ("correction", batch.corrections)):
            for offset in frame[OFFSET]:
                self.left.verdict(partition, offset, verdict)
        for offset in batch.dead_letters["offset"]:
            self.left.verdict(partition, offset, "dead")
        self._send(partition, batch)

    def rest(self, partition: int) -> None:
        """Be idle, if all has been read, and write a floor, if one is due."""
        offset = self.offsets[partition]
        if offset < len(self.world.logs[partition]):
            return
        self._send(partition, self.intakes[partition].quiet(PartitionState.IDLE, offset))
        floor_ns = self.board.due("s", partition, offset, self.world.now_s * SECOND)
        if floor_ns is not None:
            floor = Floor("s", "t", partition, offset, floor_ns, "run")
            self.world.journal.append(floor)
            self.board.learn(floor)

    def deliver(self, partition: int) -> None:
        """Let the key group hear of one batch."""
        if self.inbox[partition]:
            self._take(self.inbox[partition].popleft())

    def deliver_all(self) -> None:
        """Let the key group hear of all batches."""
        for inbox in self.inbox:
            while inbox:
                self._take(inbox.popleft())

    def follow(self, entries: int) -> None:
        """Let the key group hear of the next entries of the journal."""
        for floor in self.world.journal[self.followed : self.followed + entries]:
            self._take(Partials(floor))
            self.followed += 1

    def finish(self, size: int) -> None:
        """Read everything in batches of this size, and close all."""
        for partition, log in enumerate(self.world.logs):
            while self.offsets[partition] < len(log):
                self.read(partition, size)
            quiet = self.intakes[partition].quiet(PartitionState.FINISHED, len(log))
            self._send(partition, quiet)
        self.follow(len(self.world.journal))
        self.deliver_all()

    def _send(self, partition: int, batch: EventBatch) -> None:
        self.inbox[partition].append(partials(PLANS, batch))

    def _take(self, given: Partials) -> None:
        for made in self.group.take([given]):
            for row in made.frame.iter_rows(named=True):
                self.left.row(row["time_ns"] // SECOND, row["revision"], row["n"])
