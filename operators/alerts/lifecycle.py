"""The life of an alert as a table of states, for many series at once."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]


class Status(IntEnum):
    """Where a series stands between two evaluations."""

    INACTIVE = 0
    PENDING = 1
    FIRING = 2


class Told(IntEnum):
    """What an evaluation has to tell."""

    NOTHING = 0
    PENDING = 1
    FIRING = 2
    STILL_FIRING = 3
    RESOLVED = 4
    INACTIVE = 5


@dataclass(frozen=True, slots=True)
class Lives:
    """A row for each series.

    `since_ns` is the event time from which the condition has held, `opened_ns` the point time of
    the record that it began with; both mean nothing while inactive.
    """

    status: Codes
    since_ns: Times
    opened_ns: Times

    @classmethod
    def inactive(cls, series: int) -> "Lives":
        """So many series of which nothing is known."""
        return cls(np.zeros(series, np.int8), *np.zeros((2, series), np.int64))

    def take(self, rows: npt.NDArray[np.intp]) -> "Lives":
        """These rows."""
        return Lives(self.status[rows], self.since_ns[rows], self.opened_ns[rows])

    def put(self, rows: npt.NDArray[np.intp], lives: "Lives") -> None:
        """Replace these rows in place."""
        self.status[rows] = lives.status
        self.since_ns[rows] = lives.since_ns
        self.opened_ns[rows] = lives.opened_ns


@dataclass(frozen=True, slots=True)
class Evaluations:
    """A row for each series that is evaluated.

    Attributes:
        at_ns: event time of the evaluation.
        time_ns: point time of the record that was looked at.
        holds: whether `when` is true (false and null are not).
        ends: whether `clear` is true; without one, whether `when` is false (null is not).
    """

    at_ns: Times
    time_ns: Times
    holds: Mask
    ends: Mask


def advance(lives: Lives, seen: Evaluations, for_ns: int) -> tuple[Lives, Codes]:
    """One evaluation of each series: the states after it, and what is to be told (`Told`).

    ==========  =======================================  ==========  ============
    before      evaluation                               after       told
    ==========  =======================================  ==========  ============
    inactive    holds, and has to hold for some time     pending     PENDING
    inactive    holds, at once                           firing      FIRING
    pending     holds, since long enough                 firing      FIRING
    pending     holds, not yet long enough               pending     nothing
    pending     does not hold                            inactive    INACTIVE
    firing      does not end                             firing      STILL_FIRING
    firing      ends                                     inactive    RESOLVED
    ==========  =======================================  ==========  ============

    A series that is not evaluated stays as it is: silence resolves nothing.
    """
    inactive = lives.status == Status.INACTIVE
    pending = lives.status == Status.PENDING
    firing = lives.status == Status.FIRING
    begins = inactive & seen.holds
    since_ns = np.where(begins, seen.at_ns, lives.since_ns)
    opened_ns = np.where(begins, seen.time_ns, lives.opened_ns)
    waits = begins | (pending & seen.holds)
    fires = waits & (seen.at_ns - since_ns >= for_ns)
    stays = firing & ~seen.ends
    status = np.select([fires | stays, waits], [Status.FIRING, Status.PENDING], Status.INACTIVE)
    told = np.select(
        [fires, begins, stays, firing & seen.ends, pending & ~seen.holds],
        [Told.FIRING, Told.PENDING, Told.STILL_FIRING, Told.RESOLVED, Told.INACTIVE],
        Told.NOTHING,
    )
    return Lives(status.astype(np.int8), since_ns, opened_ns), told.astype(np.int8)
