"""One run with faults and one without, over the same input and journal."""

import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.chaos.faults import Fault, Plan, Servers
from benchmarks.chaos.feeder import Feeder
from benchmarks.chaos.records import Difference, compare_records, read_records
from benchmarks.chaos.subject import LAST_BATCH, ChaosError, Subject, subject, undisturbed
from benchmarks.chaos.watcher import Watcher
from benchmarks.flow_process import Member
from tests.dataflows.shop.events import BUSY, SLEEPING, Message, Story, tell
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka

RATE = 600
"""Messages a second, while there is no hurry."""
RECOVERY_GOAL_S = 15.0
DRAIN_GOAL_S = 10.0
_QUIET_S = 2.0
_EARLY = 0.15
"""Share of the kills that come while the flow starts."""
_LONGEST_START_S = 4.0
_LONGEST_RUN_S = 1.5
_STALL_S = 1.0
"""A stall is at least so long: several epochs."""
_OTHERS_S = 2.0
"""How long the other process may live on after one was killed."""

Tell = Callable[[str], None]


@dataclass
class Outcome:
    """What a run gave.

    Attributes:
        differences: by place and signal.
        recovery_s: from each kill to the first new message that readers see.
        drain_s: from each signal to the end of the last process.
        done: how often each fault was done.
        unexpected: why processes ended that were not told to.
        floors: how often the journal says that a partition was idle.
    """

    differences: dict[str, Difference] = field(default_factory=dict)
    recovery_s: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    floors: int = 0

    def report(self, plan: Plan) -> dict[str, Any]:
        """As one object; `met` says whether all is as it should be."""
        allowed = plan.delivery == "low_latency"
        signals = {
            name: asdict(one) | {"wrong": one.wrong(doubled_allowed=allowed)}
            for name, one in self.differences.items()
        }
        goals = {
            "recovery_s": _goal(self.recovery_s, RECOVERY_GOAL_S),
            "drain_s": _goal(self.drain_s, DRAIN_GOAL_S),
        }
        sums = {
            what: sum(one[what] for one in signals.values())
            for what in ("records", "lost", "doubled", "different", "extra")
        }
        same = bool(signals) and not any(one["wrong"] for one in signals.values())
        met = same and all(one["met"] for one in goals.values())
        told = asdict(plan) | {"messages_in_all": plan.total}
        rest = {
            "faults": dict(self.done),
            "floors": self.floors,
            "unexpected_ends": self.unexpected,
            "signals": signals,
        }
        return {"met": met, "same": same, **sums, **goals, **rest, "plan": told}


def _goal(measured: list[float], goal: float) -> dict[str, Any]:
    worst = max(measured, default=None)
    middle = statistics.median(measured) if measured else None
    return {
        "measured": None if worst is None else round(worst, 2),
        "median": None if middle is None else round(middle, 2),
        "count": len(measured),
        "goal": goal,
        "met": worst is None or worst <= goal,
    }


def run(plan: Plan, kafka: Kafka, influxdb: InfluxDB, servers: Servers, say: Tell) -> Outcome:
    """Disturb a flow as planned, then run it undisturbed, and compare what both wrote.

    Raises:
        ChaosError: a flow did not come to its end.
    """
    outcome = Outcome()
    story = tell(plan.total, plan.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegauge-chaos-")))
        options = plan.delivery, plan.launcher, plan.epoch
        flow = stack.enter_context(subject(folder, kafka, influxdb, *options))
        flow.make_ready()
        messages = [*story.messages, *_closing(story)]
        _disturbed(plan, flow, servers, messages, outcome, say)
        found = read_records(flow.copy)
        outcome.floors = flow.floors
        say("the same without faults")
        flow.forget()
        flow.make_ready()
        _to_the_end(undisturbed(flow), influxdb.url)
        outcome.differences = compare_records(read_records(flow.copy), found)
    return outcome


def _closing(story: Story) -> list[Message]:
    """An event in each partition that closes all windows of the story, and is in none of them."""
    last = max(event["ts"] for _, event in story.events)
    value = f'{{"ts": {last + 300_000}, "status": "ok"}}'
    return [Message(partition, None, value) for partition in (*BUSY, SLEEPING)]


def _disturbed(
    plan: Plan,
    flow: Subject,
    servers: Servers,
    messages: list[Message],
    outcome: Outcome,
    say: Tell,
) -> None:
    with ExitStack() as stack:
        feeder = stack.enter_context(Feeder(flow.copy.kafka, flow.topic, messages, RATE).running())
        watcher = stack.enter_context(Watcher(flow.copy.kafka, flow.outputs).running())
        tormentor = _Tormentor(plan, flow, servers, feeder, watcher, outcome)
        for fault in plan.faults(kafka_is_ours=servers.kafka is not None):
            say(fault)
            tormentor.run(fault)
        say("the rest of the input")
        feeder.finish()
        tormentor.last_run(servers.proxy.url)


def _to_the_end(flow: Subject, influxdb_url: str) -> None:
    watcher = Watcher(flow.copy.kafka, flow.outputs)
    with watcher.running(), flow.running(1, influxdb_url, LAST_BATCH) as members:
        wait_until_through(flow, watcher)
        end(members)


def wait_until_through(flow: Subject, watcher: Watcher) -> None:
    """Wait until all of the input is in the saved state, and nothing new is written."""
    flow.wait(flow.through, "the end of the input", progress=flow.saved)
    started = time.monotonic()
    flow.wait(
        lambda: time.monotonic() - max(watcher.at_s, started) > _QUIET_S, "the end of the output"
    )


def end(members: list[Member], told: Member | None = None) -> float:
    """Tell a process to end, or all; how long it takes until all have, seconds.

    Raises:
        ChaosError: one does not, or with another exit code than 0.
    """
    started = time.monotonic()
    for member in [told] if told else members:
        member.process.send_signal(signal.SIGTERM)
    for member in members:
        if code := member.process.wait(60):
            raise ChaosError(f"told to end, it ended with code {code}:\n{member.output[-2_000:]}")
    return time.monotonic() - started


class _Tormentor:
    """Does faults to a flow, each in a run of its own."""

    def __init__(
        self,
        plan: Plan,
        flow: Subject,
        servers: Servers,
        feeder: Feeder,
        watcher: Watcher,
        outcome: Outcome,
    ) -> None:
        self._plan = plan
        self._flow = flow
        self._servers = servers
        self._feeder = feeder
        self._watcher = watcher
        self._outcome = outcome
        self._chance = random.Random(plan.seed)
        self._killed_s: float | None = None

    def run(self, fault: Fault) -> None:
        """Start the flow, do it, end the flow."""
        self._outcome.done[fault] += 1
        processes = 2 if fault is Fault.ONE_OF_TWO else self._chance.choice((1, 1, 2))
        self._feeder.allow(self._plan.messages)
        seen = self._watcher.seen
        with self._flow.running(processes, self._servers.proxy.url) as members:
            try:
                if fault in (Fault.ONE_PROCESS, Fault.ONE_OF_TWO) and self._drawn(_EARLY):
                    self._pause(_LONGEST_START_S)
                else:
                    self._wait_for_output(seen)
                    self._pause(_LONGEST_RUN_S)
                    self._do(fault)
            except ChaosError as error:
                if not self._flow.ended:
                    raise
                self._outcome.unexpected.append(f"{fault}: {error}")
            if fault is not Fault.DRAINED:
                self._kill(members)
            self._servers.proxy.go_on()
            if self._servers.kafka is not None:
                self._servers.kafka.go_on()

    def last_run(self, influxdb_url: str) -> None:
        """Let the flow come to the end of its input."""
        seen = self._watcher.seen
        with self._flow.running(1, influxdb_url, LAST_BATCH) as members:
            self._wait_for_output(seen)
            wait_until_through(self._flow, self._watcher)
            end(members)

    def _do(self, fault: Fault) -> None:
        servers = self._servers
        match fault:
            case Fault.INFLUXDB_STALLS:
                servers.proxy.stall()
                self._pause(2 * _LONGEST_RUN_S, _STALL_S)
            case Fault.KAFKA_STALLS if servers.kafka is not None:
                servers.kafka.stall()
                self._pause(2 * _LONGEST_RUN_S, _STALL_S)
            case Fault.DRAINED:
                self._drain()
            case Fault.BROKER_RESTARTED if servers.kafka is not None:
                servers.kafka.stop()
                self._pause(_LONGEST_RUN_S)
                servers.kafka.start()
                self._go_on()
            case Fault.INFLUXDB_STOPPED if servers.influxdb is not None:
                servers.influxdb.stop()
                time.sleep(self._plan.stop_influxdb_s)
                servers.influxdb.start()
                self._go_on()
            case _:
                pass

    def _drain(self) -> None:
        self._feeder.allow(self._plan.burst, hurry=True)
        self._pause(_LONGEST_RUN_S)
        told = self._chance.choice(self._flow.members)
        self._outcome.drain_s.append(end(self._flow.members, told))

    def _go_on(self) -> None:
        """The flow must write again without being started again."""
        self._feeder.allow(self._plan.messages // 4)
        seen = self._watcher.seen
        self._flow.wait(lambda: self._watcher.seen > seen, "new output")

    def _wait_for_output(self, seen: int) -> None:
        killed_s, self._killed_s = self._killed_s, None
        self._flow.wait(lambda: self._watcher.seen > seen, "output after a start")
        if killed_s is not None:
            self._outcome.recovery_s.append(time.monotonic() - killed_s)

    def _kill(self, members: list[Member]) -> None:
        victim = self._chance.choice(members)
        victim.process.kill()
        self._killed_s = time.monotonic()
        deadline = self._killed_s + self._chance.uniform(0, _OTHERS_S)
        while time.monotonic() < deadline and any(one.process.poll() is None for one in members):
            time.sleep(0.02)

    def _drawn(self, share: float) -> bool:
        return self._chance.random() < share

    def _pause(self, longest_s: float, shortest_s: float = 0) -> None:
        time.sleep(self._chance.uniform(shortest_s, longest_s))
