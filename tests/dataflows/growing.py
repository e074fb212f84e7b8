"""A topic that grows and a journal, in memory, read by the real source in the real flow.

What is not real are the clients: consumers, and what reads and writes the journal's topic. A run is
one process; it is drained, or it fails at a read, and the next goes on from what was saved.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main
from confluent_kafka import TopicPartition

from connectors.codecs.journal_json import entry_message, read_entry
from connectors.codecs.json_columns import JsonColumns
from connectors.deferred import DeferredSource
from connectors.kafka import journal_source, reader
from connectors.kafka.growing import GrowingSource
from connectors.kafka.source import KafkaSource, Reading
from connectors.memory.sink import MemorySink
from dataflows.analytics import build
from dataflows.connections import journal as connections
from dataflows.connections.journal import Journal
from dataflows.topology.journal import JournalFlow
from dataflows.topology.outputs import Sinks
from operators.intake.intake import Intake, IntakeState, partition_intake
from operators.intake.plan import plan_intake
from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.catalogue import DEAD_LETTERS, FLOW, LEDGER
from tidegauge.journal import Entry
from tidegauge.settings import Settings
from tidegauge.spec.loader import parse_pipeline

SECOND = 1_000_000_000
BASE_MS = 1_700_000_000_000
_CALL_NS = SECOND // 4
"""So much the monotonic clock goes on with each read of a partition."""
PIPELINE = """\
version: 1
pipeline: accounted
sources:
  s:
    kafka: {{topic: t, start: {start}}}
    event_time:
      {{field: ts, format: epoch_ms, out_of_orderness: {bound}s, lateness: 10s, idle_after: 2s,
        max_future: 3000d}}
    fields: {{e: {{type: int}}, wanted: {{type: bool}}}}
    filter: wanted
windows:
  tumbling: {{from: s, tumbling: {{size: 10s}}, by: [e], select: {{n: count(*)}}}}
  session: {{from: s, session: {{gap: 3s}}, by: [e], select: {{n: count(*)}}}}
  counted: {{from: s, count: {{size: 1}}, by: [e], select: {{n: count(*)}}}}
  cumulative:
    {{from: s, cumulative: {{size: 60s, every: 60s}}, by: [e], select: {{n: count(*)}}}}
patterns:
  seen: {{from: s, by: [e], match: a, define: {{a: wanted}}, within: 1s}}
output: {{kafka: {{}}}}
state: {{key_groups: 2}}
"""


class KilledError(Exception):
    """The process ends without saving."""


@dataclass
class Broker:
    """What outlives every run: the log of each partition, and the journal's topic."""

    logs: list[list[bytes]]
    journal: list[bytes] = field(default_factory=list)
    fates: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Partition and offset of each event by its id."""
    unwanted: set[int] = field(default_factory=set)

    def append(self, partition: int, second: int, *, wanted: bool = True) -> None:
        """Write an event; its id is new."""
        number = len(self.fates)
        self.fates[number] = partition, len(self.logs[partition])
        if not wanted:
            self.unwanted.add(number)
        event = {"ts": BASE_MS + second * 1_000, "e": number, "wanted": wanted}
        self.logs[partition].append(json.dumps(event).encode())


@dataclass
class _Message:
    payload: bytes
    place: int

    def error(self) -> None:
        return None

    def value(self) -> bytes:
        return self.payload

    def key(self) -> None:
        return None

    def headers(self) -> None:
        return None

    def offset(self) -> int:
        return self.place

    def timestamp(self) -> tuple[int, int]:
        return 1, BASE_MS


class _Consumer:
    """Gives what is in the log; its client sees the end of it when there is nothing more."""

    broker: Broker

    def __init__(self, *_: object) -> None:
        self._at = TopicPartition("t", 0, 0)

    def assign(self, places: Sequence[TopicPartition]) -> None:
        (self._at,) = places

    def consume(self, most: int, _: float) -> list[_Message]:
        log, begin = self.broker.logs[self._at.partition], self._at.offset
        found = [_Message(one, begin + n) for n, one in enumerate(log[begin : begin + most])]
        self._at.offset = begin + len(found)
        return found

    def get_watermark_offsets(self, place: TopicPartition, **_: object) -> tuple[int, int]:
        return 0, len(self.broker.logs[place.partition])

    def standstill(self, _: object) -> None: ...

    def commit(self, _: object) -> None: ...

    def close(self) -> None: ...


class _Reader(reader.PartitionReader):
    """Is at the end whenever it has read all: there is no client to tell."""

    def read(self) -> Any:
        found = super().read()
        self.at_end = self.offset >= len(_Consumer.broker.logs[self._here.partition])
        return found


class _JournalReader:
    broker: Broker

    def __init__(self, _: object, __: object, offset: int | None = None, *_others: object) -> None:
        self.offset = offset or 0
        self.end = len(self.broker.journal)

    def read(self, _: float = 0) -> list[Entry]:
        return self.read_to(len(self.broker.journal))

    def read_to(self, end: int) -> list[Entry]:
        found = [read_entry(one) for one in self.broker.journal[self.offset : end]]
        self.offset = max(self.offset, end)
        return [one for one in found if one is not None]

    def close(self) -> None: ...


class _JournalWriter:
    """Stores at the next poll what was written."""

    broker: Broker

    def __init__(self, *_: object) -> None:
        self._sent: list[tuple[Entry, Any]] = []

    def write(self, entry: Entry, written: Any) -> None:
        self._sent.append((entry, written))

    def poll(self) -> None:
        for entry, written in self._sent:
            written(self.append(entry))
        self._sent = []

    def append(self, entry: Entry) -> int:
        self.broker.journal.append(entry_message(entry, "j").value or b"")
        return len(self.broker.journal) - 1


@contextmanager
def in_memory(broker: Broker) -> Iterator[None]:
    """The clients are those of this module."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in (_Consumer, _JournalReader, _JournalWriter):
            kind.broker = broker
        patch.setattr(reader, "Message", _Message)
        patch.setattr(reader, "LastingConsumer", _Consumer)
        patch.setattr("connectors.kafka.source.PartitionReader", _Reader)
        patch.setattr("connectors.kafka.source._SHORTEST_WAIT", timedelta(0))
        patch.setattr("connectors.kafka.source._LONGEST_WAIT", timedelta(0))
        patch.setattr(journal_source, "_WAIT", timedelta(0))
        patch.setattr(connections, "JournalReader", _JournalReader)
        patch.setattr(connections, "JournalWriter", _JournalWriter)
        patch.setattr(journal_source, "JournalReader", _JournalReader)
        yield


@dataclass
class Run:
    """One process.

    Attributes:
        broker: what it reads.
        bound_s: out-of-orderness.
        batch_size: most messages of a batch.
        start: as in the pipeline file.
        grow_at: the read at which the topic has one more partition, with events in it.
        grown: event times of these, in seconds.
        fail_at: the read at which the process ends without saving.
        linger: reads after everything was read, before it is drained.
        bounded: to the end of the topic, and everything closed.
    """

    broker: Broker
    bound_s: int = 0
    batch_size: int = 5
    start: str = "earliest"
    grow_at: int | None = None
    grown: Sequence[int] = ()
    fail_at: int | None = None
    linger: int = 0
    bounded: bool = False
    reads: int = 0
    done_at: int | None = None
    _source: KafkaSource | None = None
    offsets: dict[int, int] = field(default_factory=dict)

    def go(self, store: Path | None, *, replayed: bool = False) -> list[Any]:
        """Run it, and what it has recorded until its end.

        Args:
            store: where it saves its state; None where it does not.
            replayed: whether it is for looking only.
        """
        sink = MemorySink()
        with in_memory(self.broker):
            graph = self._flow(sink, replayed=replayed)
            try:
                if store is None:
                    run_main(graph)  # type: ignore[no-untyped-call]  # it has no types
                else:
                    _saving(graph, store)
            except (BytewaxRuntimeError, KilledError):
                if self.fail_at is None or self.reads < self.fail_at:
                    raise
        return sink.records

    def monotonic_ns(self) -> int:
        """Goes on with each read."""
        return self.reads * _CALL_NS

    def draining(self) -> bool:
        """Whether all has been read for long enough; asked at each read."""
        if self.bounded:
            return False
        self.reads += 1
        if self.reads == self.fail_at:
            raise KilledError
        if self.grow_at is not None and self.reads >= self.grow_at and self._source is not None:
            self.grow_at = None
            self.broker.logs.append([])
            for second in self.grown:
                self.broker.append(len(self.broker.logs) - 1, second)
            self._source.grow(len(self.broker.logs))
        ends = {number: len(log) for number, log in enumerate(self.broker.logs)}
        if self.done_at is None and self.grow_at is None and self.offsets == ends:
            self.done_at = self.reads
        return self.done_at is not None and self.reads > self.done_at + self.linger

    def _flow(self, sink: MemorySink, *, replayed: bool) -> Any:
        text = PIPELINE.format(start=self.start, bound=self.bound_s)
        pipeline = parse_pipeline(text, "f.yaml", Path(), {})
        count = len(self.broker.logs)
        settings = Settings(TIDEGAUGE_BOUNDED=self.bounded)
        journal = Journal(settings, "j", monotonic_ns=self.monotonic_ns)
        plan = plan_intake("s", pipeline.sources["s"], JsonColumns)
        journal.topics["s"] = "t/1"
        journal.tolerances["s"] = plan.event_time.out_of_orderness
        reading = Reading(
            client={},
            topic="t",
            partitions=count,
            start=self.start,
            idle_after_ns=plan.event_time.idle_after,
            batch_size=self.batch_size,
            bounded=self.bounded,
            timeout_s=1.0,
        )

        intakes = partition_intake(plan, count, journal.board)

        def make_intake(number: int, saved: IntakeState | None) -> _Followed:
            return _Followed(self, number, intakes(number, saved))

        self._source = KafkaSource(
            reading,
            make_intake,
            self.draining,
            self.monotonic_ns,
            journal_of=partial(journal.of, "s"),
            joins=not replayed,
        )
        with in_memory(self.broker):
            journal.learn()
        source: Any = self._source
        if not replayed:
            adopted = partial(journal.adopted, "s")
            source = GrowingSource(source, "t", count, partial(journal.of, "s"), adopted)
        entries = journal.source(self.draining)
        board = None if self.bounded else journal.board
        flow = JournalFlow(entries, board)
        return build(pipeline, {"s": DeferredSource(source)}, Sinks(store=sink), journal=flow)


class _Followed:
    """An intake that tells the run how far its partition has been read."""

    def __init__(self, run: Run, number: int, intake: Intake) -> None:
        self._run, self._number, self._intake = run, number, intake
        self.grow = intake.grow

    @property
    def state(self) -> IntakeState:
        return self._intake.state

    @property
    def clock_kept(self) -> bool:
        return self._intake.clock_kept

    def take(self, raw: RawBatch) -> EventBatch:
        self._run.offsets[self._number] = raw.offsets[-1] + 1
        return self._intake.take(raw)

    def quiet(self, state: PartitionState, offset: int | None = None) -> EventBatch:
        if state is not PartitionState.WAITING and offset is not None:
            self._run.offsets[self._number] = offset
        return self._intake.quiet(state, offset)


def _saving(graph: Any, store: Path) -> None:
    if not store.exists():
        store.mkdir()
        init_db_dir(store, 1)  # type: ignore[no-untyped-call]  # published so
    config = RecoveryConfig(str(store))  # type: ignore[no-untyped-call]  # as above
    run_main(graph, epoch_interval=timedelta(0), recovery_config=config)  # type: ignore[no-untyped-call]  # as above


@dataclass
class Left:
    """What the records of runs say of each event, newer over older ones."""

    results: dict[str, dict[int, int]]
    """By window or pattern: revision of the result that an event is in, by its id."""
    letters: set[tuple[int, int]]
    """Partition and offset of events that came too late."""
    lost: int
    """Events that their source called in time and that an operator did not take."""


def left(records: Sequence[Any]) -> Left:
    """What was recorded, each record over an equal one."""
    results: dict[str, dict[int, int]] = {
        name: {} for name in ("tumbling", "session", "counted", "cumulative", "seen")
    }
    letters, lost = set(), 0
    for batch in records:
        if batch.signal == DEAD_LETTERS:
            letters |= set(batch.frame.select("partition", "offset").rows())
        elif batch.signal == LEDGER:
            lost += batch.frame["unaccounted"].sum()
        elif batch.signal in results:
            for row in batch.frame.iter_rows(named=True):
                results[batch.signal][row["e"]] = row.get("revision", 0)
    return Left(results, letters, lost)


def read_in_all(records: Sequence[Any]) -> dict[str, int]:
    """How many messages the ledger tells of, and the health of the partitions."""
    return {
        "ledger": _newest(records, LEDGER, "read"),
        "health": _newest(records, FLOW, "processed"),
    }


def _newest(records: Sequence[Any], signal: str, column: str) -> int:
    """Sum over the partitions of what was told last of each."""
    frames = [batch.frame for batch in records if batch.signal == signal]
    if not frames:
        return 0
    newest = pl.concat(frames).unique(["partition"], keep="last", maintain_order=True)
    return int(newest[column].sum())
