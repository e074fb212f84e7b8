"""What of the injected faults was found, and which alarms had no fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dataflows.simulation.faults import FaultKind
from dataflows.simulation.truth import Truth
from tidegauge.cli._demo.records import Firing
from tidegauge.spec.models import SECOND_NS

GRACE_NS = 20 * SECOND_NS
"""An alarm belongs to a fault until so long after its end: two windows."""
LEAST_FOUND = 0.9
MOST_FALSE = 2


@dataclass(frozen=True, slots=True)
class Signs:
    """By which alert a kind of fault is found, and which others it also explains."""

    found_by: str
    explains: frozenset[str] = frozenset()


SIGNS: Mapping[FaultKind, Signs] = {
    FaultKind.WARMING: Signs("getting_warm"),
    FaultKind.OVERHEATING: Signs("overheating", frozenset({"getting_warm"})),
    FaultKind.SHAKING: Signs("shaking", frozenset({"knock"})),
    FaultKind.KNOCK: Signs("knock"),
}


@dataclass(frozen=True, slots=True)
class Score:
    """Faults found and missed, and false alarms.

    `passed` means: at least 90 % found, at most two false alarms.
    """

    found: list[Truth]
    missed: list[Truth]
    false_alarms: list[Firing]

    @property
    def passed(self) -> bool:
        """Whether that is good enough."""
        injected = len(self.found) + len(self.missed)
        return len(self.found) >= LEAST_FOUND * injected and len(self.false_alarms) <= MOST_FALSE


def score(truths: Sequence[Truth], firings: Sequence[Firing]) -> Score:
    """Compare alarms with faults.

    A fault is found when its kind's own alert begins to fire for its machine between its start and
    `GRACE_NS` after its end. An alarm that no fault of its machine explains is false. Firings of an
    alert of a machine with at most `GRACE_NS` between them are one alarm.
    """
    alarms = _joined(firings)
    found = [truth for truth in truths if any(_finds(alarm, truth) for alarm in alarms)]
    missed = [truth for truth in truths if truth not in found]
    false = [alarm for alarm in alarms if explanation(alarm, truths) is None]
    return Score(found, missed, false)


def explanation(alarm: Firing, truths: Sequence[Truth]) -> Truth | None:
    """The fault that an alarm belongs to, if any."""
    for truth in truths:
        signs = SIGNS[truth.kind]
        if alarm.alert in {signs.found_by, *signs.explains} and _begins_within(alarm, truth):
            return truth
    return None


def _finds(alarm: Firing, truth: Truth) -> bool:
    return alarm.alert == SIGNS[truth.kind].found_by and _begins_within(alarm, truth)


def _begins_within(alarm: Firing, truth: Truth) -> bool:
    return (
        alarm.machine == truth.machine
        and truth.start_ns <= alarm.start_ns <= truth.end_ns + GRACE_NS
    )


def _joined(firings: Sequence[Firing]) -> list[Firing]:
    alarms: dict[tuple[str, str], list[Firing]] = {}
    for firing in sorted(firings, key=lambda firing: firing.start_ns):
        earlier = alarms.setdefault((firing.alert, firing.machine), [])
        if earlier and firing.start_ns - earlier[-1].end_ns <= GRACE_NS:
            end_ns = max(earlier[-1].end_ns, firing.end_ns)
            earlier[-1] = replace(earlier[-1], end_ns=end_ns)
        else:
            earlier.append(firing)
    return [alarm for joined in alarms.values() for alarm in joined]
