"""How late a record of an alert may be stored, and how long its firing is seen all the same.

The time of a record is that of the event or window that it is about, and it is stored later: by
what the pipeline file allows, and by what holds a flow up. A firing that has ended is therefore not
seen for a time after it happened, but for a time after it could be read first. InfluxQL compares no
field with the clock, so the records are taken in steps, by how late each says that it is.
"""

from dataclasses import dataclass

from tidegauge.durations import UNITS_NS
from tidegauge.durations import format_duration_ns as duration
from tidegauge.spec.models import Pipeline

CATCH_UP_NS = UNITS_NS["h"]
"""A firing that is told so late is still told: a flow that was down or could not store."""
_ON_TIME_NS = 30 * UNITS_NS["s"]
"""What is told so soon after its time, or in the wait that the file asks for, is on time."""
_LONGEST_WAIT_NS = 120 * UNITS_NS["s"]
"""After a longer wait, a record is late: it is seen for longer, and others are not."""
_STEP = 4


@dataclass(frozen=True, slots=True)
class Hold:
    """Which records of a firing are seen, and how long.

    Attributes:
        late_ns: those told later than this after their time; None for all.
        span_ns: time after that of the record.
    """

    late_ns: int | None
    span_ns: int


@dataclass(frozen=True, slots=True)
class Wait:
    """What the pipeline file lets pass until an event is known, of the source with the most.

    Attributes:
        source: name of the source.
        parts: what it is made of, with durations.
    """

    source: str
    parts: tuple[tuple[str, int], ...]

    @property
    def total_ns(self) -> int:
        """All of it."""
        return sum(part for _, part in self.parts)

    def __str__(self) -> str:
        parts = " + ".join(f"{name} {duration(part)}" for name, part in self.parts)
        return f"{duration(self.total_ns)} = {parts}"


def longest_wait(pipeline: Pipeline) -> Wait:
    """How long after its time an event may be taken, and a window held open, as the file says.

    A source waits for `out_of_orderness` behind the newest event, or `idle_after` longer where a
    partition falls silent; an event that is late by up to `lateness` more is still taken.
    """
    waits = [
        Wait(
            name,
            (
                ("out_of_orderness", source.event_time.out_of_orderness),
                ("idle_after", source.event_time.idle_after),
                ("lateness", source.event_time.lateness),
            ),
        )
        for name, source in pipeline.sources.items()
    ]
    return max(waits, key=lambda wait: wait.total_ns)


def reach_ns(pipeline: Pipeline) -> int:
    """How late a record may be told, and its firing is still told."""
    return longest_wait(pipeline).total_ns + CATCH_UP_NS


def holds(pipeline: Pipeline, seen_ns: int, least_ns: int = 0) -> tuple[Hold, ...]:
    """Which records of firings are seen, so that each is for at least `seen_ns` after it was told.

    Late ones are taken in steps of four times the time: none is seen, after it was told, for longer
    than that and three times as long as it was late. Each step is a look at every series.

    Args:
        pipeline: the pipeline.
        seen_ns: how long a firing has to be seen.
        least_ns: how long after its time one that is told in time is seen at least.
    """
    most_ns = reach_ns(pipeline)
    late_ns = max(_ON_TIME_NS, min(longest_wait(pipeline).total_ns, _LONGEST_WAIT_NS))
    found = [Hold(None, max(least_ns, seen_ns + late_ns))]
    while late_ns < most_ns:
        next_ns = min(_STEP * late_ns, most_ns)
        found.append(Hold(late_ns, max(least_ns, seen_ns) + next_ns))
        late_ns = next_ns
    return tuple(found)
