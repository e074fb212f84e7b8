"""All readings of the floor, in the order in which they are sent."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from dataflows.simulation.faults import Fault
from dataflows.simulation.floor import MACHINES, TICK_NS, Floor
from dataflows.simulation.mishaps import UNHARMED, Mishap, draw_fates


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What a machine measured at `at_ns`, and when and in what condition it is sent."""

    send_ns: int
    machine: int
    at_ns: int
    temperature: float = field(compare=False)
    vibration: float = field(compare=False)
    running: bool = field(compare=False)
    mishap: Mishap = field(compare=False)

    @property
    def name(self) -> str:
        """Name of the machine."""
        return MACHINES[self.machine]


class Stream:
    """Readings of all machines, one of each in a tick, ordered by when they are sent.

    Nothing befalls the readings of a machine with a fault, or a knock could be lost, and nobody could
    find it; nor those of the first tick. What would be sent after the end is sent unharmed.

    Args:
        seed: the same one gives the same readings and fates.
        faults: what goes wrong with the machines.
        span_ns: length of the stream.
    """

    def __init__(self, seed: int, faults: Sequence[Fault], span_ns: int) -> None:
        self._floor_chance, self._fate_chance = np.random.default_rng(seed).spawn(2)
        self._floor = Floor(self._floor_chance)
        self._faults = faults
        self._span_ns = span_ns

    def __iter__(self) -> Iterator[Reading]:
        waiting: list[Reading] = []
        for tick_ns in range(0, self._span_ns, TICK_NS):
            for reading in self._tick(tick_ns):
                heapq.heappush(waiting, reading)
            while waiting and waiting[0].send_ns < tick_ns + TICK_NS:
                yield heapq.heappop(waiting)
        yield from sorted(waiting)

    def _tick(self, tick_ns: int) -> Iterator[Reading]:
        measured = self._floor.read(tick_ns)
        fates = draw_fates(self._fate_chance, len(MACHINES))
        active = {
            fault.machine: fault
            for fault in self._faults
            if fault.start_ns < tick_ns + TICK_NS and tick_ns < fault.end_ns
        }
        for machine, (name, fate) in enumerate(zip(MACHINES, fates, strict=True)):
            at_ns = tick_ns + machine * TICK_NS // len(MACHINES)
            fault = active.get(name)
            warmer, shakier = fault.effect(at_ns) if fault else (0.0, 0.0)
            if fault or not tick_ns or at_ns + fate.delay_ns >= self._span_ns:
                fate = UNHARMED  # noqa: PLW2901 - see the class
            yield Reading(
                at_ns + fate.delay_ns,
                machine,
                at_ns,
                round(float(measured.temperature[machine]) + warmer, 2),
                round(float(measured.vibration[machine]) + shakier, 3),
                bool(measured.running[machine]),
                fate.mishap,
            )
