"""The life of an alert: inactive, pending, firing, decided evaluation by evaluation."""

from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """Where a series stands between two evaluations; one without a `Life` is inactive."""

    PENDING = 1
    FIRING = 2


class Life(NamedTuple):
    """A series that is not inactive.

    `since_ns` is the event time from which the condition has held, `opened_ns` the point time of
    the record that it began with, `seen_ns` the event time of the last evaluation that was news.
    """

    status: Status
    since_ns: int
    opened_ns: int
    seen_ns: int


class Told(IntEnum):
    """What an evaluation has to tell."""

    NOTHING = 0
    PENDING = 1
    FIRING = 2
    STILL_FIRING = 3
    RESOLVED = 4
    INACTIVE = 5
    STALE = 6


class Evaluation(NamedTuple):
    """One look at a series.

    Attributes:
        at_ns: event time of the evaluation.
        time_ns: point time of the record that was looked at.
        holds: whether `when` is true (false and null are not).
        ends: whether `clear` is true; without one, whether `when` is false (null is not).
        told_ns: event time at which a silence was told first; None for others.
        again: whether what was told before only lasts, which begins nothing.
    """

    at_ns: int
    time_ns: int
    holds: bool
    ends: bool
    told_ns: int | None = None
    again: bool = False

    @property
    def news_ns(self) -> int:
        """Event time of the news: that a silence lasts is none."""
        return self.at_ns if self.told_ns is None else self.told_ns


def advance(life: Life | None, seen: Evaluation, for_ns: int) -> tuple[Life | None, Told]:
    """The life after an evaluation, and what is to be told.

    ==========  =======================================  ==========  ============
    before      evaluation                               after       told
    ==========  =======================================  ==========  ============
    inactive    does not hold, or only lasts             inactive    NOTHING
    inactive    holds, and has to hold for some time     pending     PENDING
    inactive    holds, at once                           firing      FIRING
    pending     holds, since long enough                 firing      FIRING
    pending     holds, not yet long enough               pending     NOTHING
    pending     does not hold                            inactive    INACTIVE
    firing      does not end                             firing      STILL_FIRING
    firing      ends                                     inactive    RESOLVED
    ==========  =======================================  ==========  ============

    A series that is not evaluated stays as it is: silence resolves nothing, until it is too long
    (`Watch`).
    """
    if life is None:
        begins = seen.holds and not seen.again
        return _begin(seen, for_ns) if begins else (None, Told.NOTHING)
    life = life._replace(seen_ns=seen.news_ns)
    if life.status == Status.FIRING:
        return (None, Told.RESOLVED) if seen.ends else (life, Told.STILL_FIRING)
    if not seen.holds:
        return None, Told.INACTIVE
    if seen.at_ns - life.since_ns >= for_ns:
        return life._replace(status=Status.FIRING), Told.FIRING
    return life, Told.NOTHING


def _begin(seen: Evaluation, for_ns: int) -> tuple[Life, Told]:
    if for_ns:
        return Life(Status.PENDING, seen.at_ns, seen.time_ns, seen.news_ns), Told.PENDING
    return Life(Status.FIRING, seen.at_ns, seen.time_ns, seen.news_ns), Told.FIRING


def gone(life: Life) -> Told:
    """What is told of a series of which nothing came for too long."""
    return Told.STALE if life.status == Status.FIRING else Told.INACTIVE
