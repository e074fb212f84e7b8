"""What is done to a flow, and in which order."""

import random
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.chaos.proxy import Proxy
from tests.services.restartable import Restartable


class Fault(StrEnum):
    """What is done to a flow while it runs; at the end of all but `DRAINED` it is killed."""

    ONE_PROCESS = "one process killed"
    ONE_OF_TWO = "one of two processes killed"
    INFLUXDB_STALLS = "killed while InfluxDB stalls"
    KAFKA_STALLS = "killed while Kafka stalls"
    DRAINED = "told to end under load"
    BROKER_RESTARTED = "broker restarted"
    INFLUXDB_STOPPED = "InfluxDB stopped"


KILLS = (Fault.INFLUXDB_STALLS, Fault.ONE_OF_TWO, Fault.KAFKA_STALLS, Fault.ONE_PROCESS)


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        kills: how often processes are killed, besides after other faults.
        seed: of what is drawn.
        delivery: of the output into Kafka.
        drains: how often a process is told to end.
        broker_restarts: how often the broker is stopped and started.
        stop_influxdb_s: for how long InfluxDB is stopped once; 0 for not at all.
        messages: of the story, for each kill.
        burst: further messages that wait when a process is told to end.
        epoch: length of an epoch.
        launcher: module that runs the flow.
    """

    kills: int = 50
    seed: int = 1
    delivery: str = "exactly_once"
    drains: int = 3
    broker_restarts: int = 0
    stop_influxdb_s: float = 0
    messages: int = 1_000
    burst: int = 10_000
    epoch: str = "200ms"
    launcher: str = "dataflows.launch"

    @property
    def disturbed(self) -> bool:
        """Whether anything happens besides being told to end."""
        return bool(self.kills or self.broker_restarts or self.stop_influxdb_s)

    @property
    def total(self) -> int:
        """Messages of the whole story."""
        return self.messages * (len(self.faults(kafka_is_ours=True)) + 1) + self.burst * self.drains

    def faults(self, *, kafka_is_ours: bool) -> list[Fault]:
        """All faults, in the order that is drawn; each way to kill as often as the others."""
        kinds = [one for one in KILLS if kafka_is_ours or one is not Fault.KAFKA_STALLS]
        chosen = [kinds[number % len(kinds)] for number in range(self.kills)]
        chosen += [Fault.DRAINED] * self.drains
        chosen += [Fault.BROKER_RESTARTED] * self.broker_restarts
        chosen += [Fault.INFLUXDB_STOPPED] * (self.stop_influxdb_s > 0)
        random.Random(self.seed).shuffle(chosen)
        return chosen


@dataclass(frozen=True)
class Servers:
    """What faults are done to.

    Attributes:
        proxy: between the flow and InfluxDB.
        kafka: the broker; None where it is not ours to stop.
        influxdb: InfluxDB; None where it is not ours to stop.
    """

    proxy: Proxy
    kafka: Restartable | None = None
    influxdb: Restartable | None = None
