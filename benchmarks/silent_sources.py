"""Simulated sources that fall silent: counts in windows, and points that come or do not."""

from dataclasses import dataclass

import numpy as np

from operators.detectors.contract import Floats, Times

S = 1_000_000_000
DAY_S, WEEK_S = 86_400, 604_800
START_S = 1_787_529_600
"""A Monday."""
AT_S = 10 * 3_600
"""The time of the day, in the source's own zone, when a silence begins."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source.

    Attributes:
        name: what it is.
        step_s: seconds between its windows, or between its beats.
        weeks: how long it runs before it falls silent.
        mean: events in a window; None for a heartbeat, which comes or does not.
        course: its season: none, by day, weekend (a tenth as busy), or office hours from 8:00 to
            17:45 on weekdays.
        events: whether the times of single events are judged, not counts of them in windows.
        missed: share of the beats that are missing.
        jitter: standard deviation of a beat's time, in gaps.
        zone_h: hours by which the source's clock is ahead of UTC.
    """

    name: str
    step_s: int
    weeks: float
    mean: float | None = None
    course: str = "none"
    events: bool = False
    missed: float = 0.0
    jitter: float = 0.0
    zone_h: float = 0.0

    @property
    def counted(self) -> bool:
        """Whether windows come and say 0 when it is silent."""
        return self.mean is not None and not self.events


def kinds() -> tuple[Kind, ...]:
    """Those of the benchmark."""
    return (
        *(Kind(f"count of {mean:g} in 10 min", 600, 6, mean) for mean in (0.3, 1, 3, 10, 30)),
        Kind("count of 3 in 1 min", 60, 2, 3.0),
        Kind("count of 3 in 1 h", 3_600, 12, 3.0),
        Kind("count of 3 in 10 min, by day", 600, 6, 3.0, "day"),
        Kind("count of 3 in 10 min, weekend", 600, 6, 3.0, "weekend"),
        Kind("count of 30 in 10 min, office", 600, 6, 30.0, "office"),
        Kind("count of 30 in 10 min, office, UTC-8", 600, 6, 30.0, "office", zone_h=-8),
        Kind("count of 3 in 1 min, office, UTC+5:30", 60, 6, 3.0, "office", zone_h=5.5),
        *(
            Kind(f"beat each min, {share:.1%} missed", 60, 10 / 7, missed=share, jitter=0.02)
            for share in (0.0, 0.001, 0.01, 0.05, 0.2)
        ),
        Kind("beat each min, jitter of 10 s", 60, 10 / 7, jitter=1 / 6),
        Kind("beat each 10 s, 1 % missed", 10, 3 / 7, missed=0.01, jitter=0.02),
        Kind("beat each 15 min, 5 % missed", 900, 4, missed=0.05, jitter=0.07),
        Kind("job each hour, 1 % missed", 3_600, 6, missed=0.01, jitter=0.02),
        Kind("job each night", DAY_S, 8, jitter=0.003),
        Kind("event each 2 min, office", 120, 6, 1.0, "office", events=True),
        Kind("event each 2 min, office, UTC+9", 120, 6, 1.0, "office", events=True, zone_h=9),
        Kind("event each 10 min by chance", 600, 6, 1.0, events=True),
        Kind("event each 2 h by chance", 7_200, 8, 1.0, events=True),
    )


def busy(kind: Kind, at_s: Times) -> Floats:
    """How busy a source is at times, 1 on average while it works."""
    there_s = at_s + round(kind.zone_h * 3_600)
    hour, weekday = there_s % DAY_S / 3_600, (there_s - START_S) // DAY_S % 7 < 5
    if kind.course == "day":
        by_day: Floats = 1.0 + np.sin(2 * np.pi * hour / 24 - 1.5)
        return by_day
    if kind.course == "office":
        return np.where(weekday & (hour >= 8) & (hour < 17.75), 1.0, 0.0)
    return np.where(weekday | (kind.course == "none"), 1.0, 0.1)


def silent_from(kind: Kind) -> int:
    """When it falls silent: at 10:00 there, on the first weekday after its weeks."""
    day = round(kind.weeks * 7)
    day += {5: 2, 6: 1}.get(day % 7, 0)
    return START_S + day * DAY_S + AT_S - round(kind.zone_h * 3_600)


def counts(kind: Kind, length_s: int, chance: np.random.Generator) -> tuple[Times, Floats]:
    """Ends of windows and what they count."""
    gone = silent_from(kind)
    at_s = np.arange(START_S, gone + length_s, kind.step_s)
    x = chance.poisson((kind.mean or 0.0) * busy(kind, at_s)).astype(np.float64)
    x[at_s >= gone] = 0.0
    return (at_s + kind.step_s) * S, x


def points(kind: Kind, chance: np.random.Generator) -> Times:
    """Times of beats or events until it falls silent."""
    gone = silent_from(kind)
    if kind.events:
        number = int((gone - START_S) / kind.step_s * 1.2) + 100
        at_s = START_S + np.cumsum(chance.exponential(kind.step_s, number))
        at_s = at_s[chance.random(number) < busy(kind, at_s.astype(np.int64))]
    else:
        due = np.arange(START_S + kind.step_s // 2, gone, kind.step_s)
        due = due[chance.random(due.size) >= kind.missed]
        at_s = np.sort(due + chance.normal(0.0, max(kind.jitter, 1e-9) * kind.step_s, due.size))
    times: Times = (at_s[at_s < gone] * 1e9).astype(np.int64)
    return times
