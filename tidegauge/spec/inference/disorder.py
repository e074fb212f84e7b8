"""How far out of order the events of a topic are, and what to allow for it.

By the rule of the source: each event is held against the highest event time before it in its own
partition, and one too far ahead of its Kafka timestamp moves nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegauge.durations import UNITS_NS
from tidegauge.spec.inference.event_time import Moment

_STEPS = {
    "s": (1, 2, 5, 10, 15, 30),
    "m": (1, 2, 5, 10, 15, 30),
    "h": (1, 2, 3, 6, 12),
    "d": (1, 2, 7, 30, 365, 3_650),
}
STEPS_NS = tuple(number * UNITS_NS[unit] for unit, steps in _STEPS.items() for number in steps)
"""Durations that are suggested."""
LONGEST_WAIT_NS = 5 * UNITS_NS["m"]
"""Results wait for the out-of-orderness: what is later than this had better correct them."""
_LONGEST_LATENESS_NS = UNITS_NS["h"]
_USUAL_LATENESS_NS = UNITS_NS["m"]
_USUAL_FUTURE_NS = 5 * UNITS_NS["m"]


@dataclass(frozen=True, slots=True)
class Disorder:
    """What was seen, and durations that allow for it; all in nanoseconds.

    Attributes:
        behind_ns: by partition, how far an event lay behind the newest before it at most.
        ahead_ns: how far most events are ahead of their Kafka timestamps; 0 where they are not.
        out_of_orderness_ns: suggestion.
        lateness_ns: suggestion.
        max_future_ns: suggestion.
    """

    behind_ns: Mapping[int, int]
    ahead_ns: int
    out_of_orderness_ns: int
    lateness_ns: int
    max_future_ns: int

    @property
    def most_ns(self) -> int:
        """The furthest that an event lay behind."""
        return max(self.behind_ns.values(), default=0)


def measure_disorder(partitions: Mapping[int, Sequence[Moment]]) -> Disorder:
    """Disorder of the moments of each partition, given in offset order."""
    moments = [moment for part in partitions.values() for moment in part]
    ahead = sorted(moment.time_ns - moment.appended_ns for moment in moments)
    typical = ahead[len(ahead) // 2] if ahead else 0
    far_ahead = typical > _USUAL_FUTURE_NS
    max_future = round_up(ahead[-1]) if far_ahead else _USUAL_FUTURE_NS
    behind = {number: _behind_ns(part, max_future) for number, part in partitions.items()}
    most = max(behind.values(), default=0)
    wait = min(round_up(most), LONGEST_WAIT_NS)
    lateness = min(max(round_up(most - wait), _USUAL_LATENESS_NS), _LONGEST_LATENESS_NS)
    return Disorder(behind, typical if far_ahead else 0, wait, lateness, max_future)


def round_up(duration_ns: int) -> int:
    """The shortest suggested duration that is not shorter; the longest one at most."""
    return next((step for step in STEPS_NS if step >= duration_ns), STEPS_NS[-1])


def _behind_ns(moments: Sequence[Moment], max_future_ns: int) -> int:
    most, highest = 0, None
    for moment in moments:
        if moment.time_ns - moment.appended_ns > max_future_ns:
            continue
        if highest is None or moment.time_ns > highest:
            highest = moment.time_ns
        most = max(most, highest - moment.time_ns)
    return most
