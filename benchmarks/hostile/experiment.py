"""One run: the flow and its live page, the good stream and the attackers beside it."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.flow_process import ROOT
from benchmarks.hostile.attackers import Attackers
from benchmarks.hostile.good import OUT_OF_ORDERNESS_MS, SIZE_MS, GoodStream
from benchmarks.hostile.memory import Memory
from benchmarks.hostile.rows import Compared, Rows
from benchmarks.private_copy import PrivateCopy, private_copy
from benchmarks.runs import RunFailedError
from tests.services.kafka import Kafka

FILE = Path(__file__).with_name("hostile.yaml")
PARTITIONS = 4
_STAMPED = {"message.timestamp.type": "LogAppendTime"}
_WARM_UP_S = 5.0
"""After the first rows, until delays count."""
_PATIENCE_S = 90.0
_QUIET_S = 35.0
"""So long the good stream goes on alone at the end: corrected rows come after the lateness."""
_TOLD = 3_000


@dataclass
class Service:
    """A process that is started anew when it ends.

    Attributes:
        starts: how often it was started.
        memory: over time.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    memory: Memory = field(default_factory=Memory)

    def look(self) -> None:
        """Start it if it is not there, else note its memory."""
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as output:
                self.process = subprocess.Popen(
                    self.command,
                    cwd=ROOT,
                    env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            self.starts += 1
        self.memory.sample(self.process.pid)

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def end(self) -> int:
        """Ask it to end, and kill it if it does not; its exit code."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@dataclass(frozen=True)
class Found:
    """What came of a run.

    Attributes:
        compared: of the good stream.
        sent: hostile messages and connections of each kind.
        wrong: what the live page answered that it must not, and what could not be sent.
        letters: dead letters of each kind.
        restarts: of the flow and the live page.
        flow, live: their memory.
        exit_code: of the flow, when it was told to end.
        tracebacks: in the logs of both.
    """

    compared: Compared
    sent: Mapping[str, int]
    wrong: list[str]
    letters: Mapping[str, int]
    restarts: int
    flow: Memory
    live: Memory
    exit_code: int
    tracebacks: int
    output: str


def run(
    kafka: Kafka, seconds: float, kinds: Sequence[str], say: Callable[[str], None] = lambda _: None
) -> Found:
    """Run it for so long.

    Raises:
        RunFailedError: there is no row of the good stream, so there is nothing to compare.
    """
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        copy = stack.enter_context(private_copy(FILE, folder, kafka, None))
        (source,) = copy.pipeline.sources.values()
        topic = source.kafka.topic
        kafka.topic(topic, partitions=PARTITIONS)
        for each in (copy.output.topic, copy.output.critical_topic):
            kafka.topic(each, partitions=1, config=_STAMPED)
        good = GoodStream(kafka.producer(), topic, PARTITIONS)
        flow, live = _services(copy, folder)
        rows = stack.enter_context(Rows(kafka, copy.output.topic))
        stack.enter_context(_writing(good))
        stack.enter_context(_ended(flow, live))
        say("the flow starts")
        _until(lambda: bool(rows.known), flow, live, rows)
        _until(lambda: "http://" in live.output, flow, live, rows)
        page = live.output.split(": ", 1)[1].split(" ", 1)[0]
        attackers = Attackers(kafka.bootstrap, topic, PARTITIONS, page, kinds)
        _pass(_WARM_UP_S, flow, live, rows)
        measured_from_ms = time.time_ns() // 10**6
        say(f"hostile traffic: {', '.join(kinds)}")
        attackers.start()
        _pass(seconds, flow, live, rows)
        attackers.stop()
        say("the good stream alone")
        _pass(_QUIET_S, flow, live, rows)
        good.stop()
        # A window can be closed when an event later than the allowed disorder is there.
        last_ms = max(end_ms for end_ms, _ in good.windows) - SIZE_MS - OUT_OF_ORDERNESS_MS
        due = [ends for ends in good.windows if ends[0] <= last_ms]
        _until(lambda: all(ends in rows.known for ends in due), flow, live, rows, strict=False)
        _pass(2.0, flow, live, rows)
        restarts = flow.starts + live.starts - 2
        exit_code = flow.end()
        compared = rows.compare(good, last_ms, measured_from_ms)
        letters = Counter(str(letter["kind"]) for letter in copy.records("dead_letters"))
        outputs = flow.output + live.output
        return Found(
            compared,
            attackers.sent,
            attackers.wrong + ([f"{good.lost} good events were not written"] if good.lost else []),
            letters,
            restarts,
            flow.memory,
            live.memory,
            exit_code,
            outputs.count("Traceback (most recent call last)"),
            flow.output[-_TOLD:] + live.output[-_TOLD:],
        )


def _services(copy: PrivateCopy, folder: Path) -> tuple[Service, Service]:
    program = [sys.executable, "-m", "tidegauge.cli"]
    recovery = str(folder / "recovery")
    flow = [*program, "run", str(copy.path), "--recovery", recovery, "--epoch", "1s"]
    live = [*program, "live", str(copy.path), "--port", "0", "--no-open"]
    return (
        Service(flow, copy.environment, folder / "flow.log"),
        Service(live, copy.environment, folder / "live.log"),
    )


@contextmanager
def _writing(good: GoodStream) -> Iterator[None]:
    thread = threading.Thread(target=good.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        good.stop()
        thread.join(60)


@contextmanager
def _ended(*services: Service) -> Iterator[None]:
    try:
        yield
    finally:
        for service in services:
            if service.process is not None:
                service.process.kill()
                service.process.wait()


def _pass(seconds: float, flow: Service, live: Service, rows: Rows) -> None:
    """Let a time pass."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        _turn(flow, live, rows)


def _until(
    reached: Callable[[], bool], flow: Service, live: Service, rows: Rows, *, strict: bool = True
) -> None:
    """Wait until something is reached.

    Raises:
        RunFailedError: it is not, and that is `strict`.
    """
    end_s = time.monotonic() + _PATIENCE_S
    while not reached():
        _turn(flow, live, rows)
        if time.monotonic() > end_s:
            if strict:
                raise RunFailedError(f"no rows within {_PATIENCE_S:.0f} s: {flow.output[-_TOLD:]}")
            return


def _turn(flow: Service, live: Service, rows: Rows) -> None:
    flow.look()
    live.look()
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:
        rows.take(0.1)
