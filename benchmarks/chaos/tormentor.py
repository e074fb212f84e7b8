"""Does faults to a flow, each in a run of its own."""

import random
import signal
import time

from benchmarks.chaos.faults import Fault, Plan, Servers
from benchmarks.chaos.feeder import Feeder
from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.subject import LAST_BATCH, ChaosError, Subject
from benchmarks.chaos.watcher import Watcher
from benchmarks.flow_process import Member

_QUIET_S = 2.0
_CALM_S = 0.3
"""What an ended flow has written is seen by then: what comes after a start is by that start."""
_EARLY = 0.15
"""Share of the kills that come while the flow starts."""
_LONGEST_START_S = 4.0
_LONGEST_RUN_S = 1.5
_STALL_S = 1.0
"""A stall is at least so long: several epochs."""
_OTHERS_S = 2.0
"""How long the other process may live on after one was killed."""


def wait_until_through(flow: Subject, watcher: Watcher, last_ns: int) -> None:
    """Wait until all of the input is in the saved state, and nothing new is written.

    Args:
        flow: the flow.
        watcher: of what it writes.
        last_ns: the last event time whose windows are to be closed.
    """
    flow.wait(flow.through, "the end of the input", progress=flow.saved)
    # A partition without messages lets windows close only once it is idle.
    flow.wait(lambda: watcher.closed_ns >= last_ns, "the last windows")
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


class Tormentor:
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
        self._watcher.settle(_CALM_S)
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

    def last_run(self, influxdb_url: str, last_ns: int) -> None:
        """Let the flow come to the end of its input, and close the windows of this event time."""
        self._watcher.settle(_CALM_S)
        seen = self._watcher.seen
        with self._flow.running(1, influxdb_url, LAST_BATCH) as members:
            self._wait_for_output(seen)
            wait_until_through(self._flow, self._watcher, last_ns)
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
