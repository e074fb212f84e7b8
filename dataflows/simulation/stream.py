"""All readings of the floor, in the order in which they are sent."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dataflows.simulation.floor import MACHINES, TICK_NS, Floor, Readings
from dataflows.simulation.mishaps import UNHARMED, Fate, Mishap, draw_fates
from dataflows.simulation.schedule import plan_faults


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What a machine measured at `at_ns`, and when and in what condition it is sent.

    `machine` is the place of its name in `MACHINES`. Readings are ordered by when they are sent.
    """

    send_ns: int
    machine: int
    at_ns: int
    temperature: float
    vibration: float
    running: bool
    mishap: Mishap = Mishap.NONE


class Stream:
    """Readings of all machines, one of each in a tick, ordered by when they are sent.

    Nothing befalls the readings of a machine with a fault, or a knock could be lost, and nobody
    could find it; nor those of the first tick, nor any that would then be sent after the end.

    Args:
        seed: the same one gives the same stream.
        span_ns: length of the stream.

    Attributes:
        faults: what goes wrong with the machines.

    Raises:
        ValueError: the stream is too short.
    """

    def __init__(self, seed: int, span_ns: int) -> None:
        self._seed = seed
        self._span_ns = span_ns
        self.faults = plan_faults(self._chances()[0], span_ns)

    def __iter__(self) -> Iterator[Reading]:
        _, of_floor, of_fates = self._chances()
        floor = Floor(of_floor)
        waiting: list[Reading] = []
        for tick_ns in range(0, self._span_ns, TICK_NS):
            fates = draw_fates(of_fates, len(MACHINES))
            for reading in self._tick(tick_ns, floor.read(tick_ns), fates):
                heapq.heappush(waiting, reading)
            while waiting and waiting[0].send_ns < tick_ns + TICK_NS:
                yield heapq.heappop(waiting)
        yield from sorted(waiting)

    def _chances(self) -> list[np.random.Generator]:
        return np.random.default_rng(self._seed).spawn(3)

    def _tick(self, tick_ns: int, measured: Readings, fates: list[Fate]) -> Iterator[Reading]:
        active = {
            fault.machine: fault
            for fault in self.faults
            if fault.start_ns < tick_ns + TICK_NS and tick_ns < fault.end_ns
        }
        for machine, name in enumerate(MACHINES):
            at_ns = tick_ns + machine * TICK_NS // len(MACHINES)
            fault, fate = active.get(name), fates[machine]
            warmer, shakier = fault.effect(at_ns) if fault else (0.0, 0.0)
            if fault or not tick_ns or at_ns + fate.delay_ns >= self._span_ns:
                fate = UNHARMED
            yield Reading(
                at_ns + fate.delay_ns,
                machine,
                at_ns,
                round(float(measured.temperature[machine]) + warmer, 2),
                round(float(measured.vibration[machine]) + shakier, 3),
                bool(measured.running[machine]),
                fate.mishap,
            )
