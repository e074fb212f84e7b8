"""Levels of alerts, and how soon Grafana tells of them."""

from dataclasses import dataclass

from tidegauge.durations import UNITS_NS

CRITICAL_ABOVE = 7
"""Levels above this are critical."""
_S = UNITS_NS["s"]


@dataclass(frozen=True, slots=True)
class Pace:
    """How often rules are evaluated, and how long a notification waits for others to join it.

    Attributes:
        group: name of the rule group.
        evaluation_ns: time between two evaluations.
        group_wait_ns: wait of the first alert of a notification.
        group_interval_ns: wait of one that joins a notification already sent.
        repeat_ns: time after which the same firing is told again.
    """

    group: str
    evaluation_ns: int
    group_wait_ns: int
    group_interval_ns: int
    repeat_ns: int

    @property
    def seen_ns(self) -> int:
        """How long a firing that has ended is seen after it was told, so that none is missed."""
        return self.evaluation_ns + 20 * _S


CRITICAL = Pace("critical", 10 * _S, 1 * _S, 5 * _S, 4 * 3600 * _S)
OTHER = Pace("other", 60 * _S, 30 * _S, 60 * _S, 12 * 3600 * _S)


def pace(level: int) -> Pace:
    """The pace of a level."""
    return CRITICAL if level > CRITICAL_ABOVE else OTHER
