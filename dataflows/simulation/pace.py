"""How the stream's event time lies on the wall clock."""

from dataclasses import dataclass

from dataflows.simulation.schedule import SHORTEST_SPAN_NS

SPEED = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """Event time goes `speed` times as fast as the wall clock and meets it at the end.

    It is faster in runs that would have less than ten minutes of events otherwise. No event is ever
    ahead of the wall clock; with a speed of 1 each is sent when it happens.

    Attributes:
        run_ns: how long the stream is sent.
        started_ns: wall clock at its start, since the epoch.
        speed: 1 or more.
    """

    run_ns: int
    started_ns: int
    speed: int = SPEED

    @property
    def span_ns(self) -> int:
        """Length of the stream in event time."""
        return span_ns(self.run_ns, self.speed)

    @property
    def origin_ns(self) -> int:
        """Event time of its start, since the epoch."""
        return self.started_ns + self.run_ns - self.span_ns

    def due_ns(self, now_ns: int) -> int:
        """What was measured before this time of the stream has been sent by wall clock `now_ns`."""
        elapsed_ns = now_ns - self.started_ns
        if elapsed_ns >= self.run_ns:
            return self.span_ns + elapsed_ns - self.run_ns
        return elapsed_ns * self.span_ns // self.run_ns


def span_ns(run_ns: int, speed: int = SPEED) -> int:
    """Event time in a run of `run_ns`.

    >>> [span_ns(seconds * 1_000_000_000) // 1_000_000_000 for seconds in (20, 60, 90)]
    [600, 600, 900]
    """
    return max(speed * run_ns, SHORTEST_SPAN_NS)
