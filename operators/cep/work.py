"""How much work the runs of one pattern in one key may cost.

It is counted, so that it is the same in every replay, whatever the batches and the machine. A unit
is about a microsecond of one core. Each event that the runs read earns some units; what is not
spent is kept, up to a bound. Where nothing is left, the older half of the first events is given up
and told, as where too much is held.
"""

from math import inf

FIRST = 1_000
"""What the first event of a key brings, in events: a short loop may cost more than it earns."""
MOST = 1_000
"""What is kept at most, in events."""
ASK = 3
"""What it costs to ask a run for a condition at the end."""
TAKE = 6
"""What it costs that a run takes an event which changes what is remembered of it."""
TELL = 1
"""What it costs to tell of one event of a match, or of a run that timed out."""
READ = 8
"""What it costs to read an event."""


EXHAUSTED = "more work than the events of one key earn"
"""The limit that was met."""


class TooManyError(Exception):
    """More runs would have to be asked one by one than is allowed, or looked at."""


class Work:
    """What the runs of a key may still cost.

    Args:
        each: units that an event earns; 0 for no bound.

    Attributes:
        left: units; below 0 where more was spent than was there.
    """

    __slots__ = ("each", "left")

    def __init__(self, each: int) -> None:
        self.each = each
        self.left: float = 0.0
        self.begin()

    def begin(self) -> None:
        """Nothing lives, and nothing is remembered."""
        self.left = self.each * FIRST if self.each else inf

    def read(self, *, earns: bool) -> None:
        """An event is read: for the first time, which earns something, or again."""
        if not earns:
            self.left -= READ
        elif self.left < self.each * MOST:
            self.left += self.each

    def spend(self, units: int) -> None:
        """Something was done."""
        self.left -= units

    def pay(self, units: int) -> None:
        """Something is about to be done.

        Raises:
            TooManyError: nothing is left for it.
        """
        self.left -= units
        if self.left < 0:
            raise TooManyError

    def relieve(self) -> None:
        """Something was given up because nothing was left."""
        self.left = max(self.left, self.each)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left."""
        return self.left < 0


UNBOUNDED = Work(0)
"""For what nobody pays."""
