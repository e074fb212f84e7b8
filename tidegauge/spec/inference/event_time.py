"""Which field holds the event time, and how it is written.

Names count most. Where the name says nothing, a text must tell a time of day, and a number must
lie near its record's Kafka timestamp: many a number looks like a time.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tidegauge.batch import APPENDED, OFFSET, TIME
from tidegauge.spec.inference.names import is_escaped
from tidegauge.spec.inference.sample import Sample
from tidegauge.spec.inference.time_names import name_rank, sounds_like_time
from tidegauge.spec.inference.times import ReadTime, read_time
from tidegauge.spec.models import EventTimeFormat

_ENOUGH = 0.5
"""Share of the objects that must have the event time."""
_NEARLY_ALL = 0.95
_NEAR_NS = 366 * 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Moment:
    """Event time of a record and its Kafka timestamp, nanoseconds since the epoch."""

    time_ns: int
    appended_ns: int


@dataclass(frozen=True, slots=True)
class EventTimeGuess:
    """The event time of a topic.

    Attributes:
        field: the field it is in.
        format: how it is written.
        moments: by partition and in offset order, those of the objects that have one.
        seen: how many objects have one.
        zoned: whether it tells its time zone; texts that do not are read as UTC.
    """

    field: str
    format: EventTimeFormat
    moments: Mapping[int, Sequence[Moment]]
    seen: int
    zoned: bool


def find_event_time(sample: Sample, names: Collection[str]) -> EventTimeGuess | None:
    """The most likely event time among the fields of these names, or None."""
    total = sum(len(objects) for objects in sample.partitions.values())
    found: list[tuple[bool, int, int, EventTimeGuess]] = []
    for order, name in enumerate(names):
        guess = _guess(sample, name) if _can_be_named(name) else None
        if guess and guess.seen >= _ENOUGH * total:
            found.append((guess.seen < _NEARLY_ALL * total, name_rank(name), order, guess))
    return min(found)[-1] if found else None


def _can_be_named(name: str) -> bool:
    """Whether `event_time.field` can name it: `${` would begin a variable, and some are ours."""
    if is_escaped(name) or "${" in name or name in (TIME, OFFSET, APPENDED):
        return False
    return name.isprintable() and 0 < len(name) <= 200


def _guess(sample: Sample, name: str) -> EventTimeGuess | None:
    read = {
        number: [(read_time(found.value.get(name)), found.appended_ms) for found in objects]
        for number, objects in sample.partitions.items()
    }
    formats = Counter(time.format for part in read.values() for time, _ in part if time)
    if not formats:
        return None
    (kind, seen), *_ = formats.most_common(1)
    times = {
        number: [(time, ms * 1_000_000) for time, ms in part if time and time.format == kind]
        for number, part in read.items()
    }
    every = [pair for part in times.values() for pair in part]
    if not sounds_like_time(name) and not all(_is_surely_a_time(*pair) for pair in every):
        return None
    moments = {
        number: [Moment(time.time_ns, appended_ns) for time, appended_ns in part]
        for number, part in times.items()
    }
    return EventTimeGuess(name, kind, moments, seen, all(time.has_zone for time, _ in every))


def _is_surely_a_time(time: ReadTime, appended_ns: int) -> bool:
    if time.format == "iso8601":
        return time.has_clock
    return abs(time.time_ns - appended_ns) < _NEAR_NS
