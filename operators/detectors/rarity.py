"""From residuals to a calibrated rarity: what all detectors with baselines have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from operators.detectors import alarm_level, cadence, echo
from operators.detectors.baseline import Baseline
from operators.detectors.contract import (
    LARGEST,
    Detector,
    Floats,
    Mask,
    Memory,
    Slots,
    Times,
    Verdicts,
)
from operators.detectors.density import Density
from operators.detectors.of_interest import Direction, check_of_interest
from operators.detectors.quiet import ITS_SHARE, LASTING, OFTEN, Look, QuietRuns

WEEK_S = 7 * 86_400.0
BAND = 6.0
"""Half the width of the band that is shown, in mean absolute residuals of the first stream."""
MOST = 0.05
"""Largest chance that makes an anomaly, however slow the series."""


@dataclass(frozen=True, slots=True)
class RarityConfig:
    """Settings of the detectors that score rarities.

    Attributes:
        false_alarms_per_week: how often a series without any anomaly may alarm.
        warm_up: points of a series before the first is judged, at least 20.
        direction: which side is of interest.
        min_deviation: smaller deviations, in the unit of the points, are no anomalies.

    Raises:
        ValueError: a setting is out of its range.
    """

    false_alarms_per_week: float = 0.5
    warm_up: int = 50
    direction: Direction = "both"
    min_deviation: float = 0.0

    def __post_init__(self) -> None:
        if not self.false_alarms_per_week > 0:
            raise ValueError(
                f"false_alarms_per_week is {self.false_alarms_per_week}: it must be above 0"
            )
        if self.warm_up < 20:
            raise ValueError(f"warm_up is {self.warm_up}: it must be at least 20")
        check_of_interest(self.direction, self.min_deviation)


@dataclass(frozen=True, slots=True)
class Rating:
    """What is known of points before they are learned from."""

    finite: Mask
    x: Floats
    residuals: Floats
    told: npt.NDArray[np.intp]
    expected: Floats
    surprise: Floats
    excess: Floats
    echo: Mask
    quiet: Look | None = None
    by_quiet: Mask | None = None
    """Points of which the run of quiet is rarer than every residual."""


class RarityDetector(Detector):
    """Scores how rarely a series surprises by as much, over one or more baselines."""

    baselines: ClassVar[Sequence[Baseline]]
    louder: ClassVar[float] = echo.LOUDER
    """Decades by which an event must be rarer than the last one to be no echo of it."""
    remembered: ClassVar[float] = echo.REMEMBERED
    """Excess above which an event is remembered, though it was no anomaly."""
    quiet_runs: ClassVar[QuietRuns | None] = None
    """Judges runs of quiet points beside the residuals."""

    def __init__(self, config: RarityConfig) -> None:
        self.config = config
        self._density = Density(sum(baseline.streams for baseline in self.baselines))
        super().__init__()
        self._names: dict[str, list[tuple[str, str]]] = {}
        for held in self._arrays:
            part, _, key = held.rpartition(".")
            self._names.setdefault(part, []).append((key, held))

    def memory(self) -> Mapping[str, Memory]:
        """Arrays of the baselines, the density, the alarm level, the cadence and the echo."""
        parts = {baseline.name: baseline.memory() for baseline in self.baselines}
        parts["density"] = self._density.memory()
        parts |= {"alarm": alarm_level.memory(), "cadence": cadence.memory(), "echo": echo.memory()}
        if self.quiet_runs:
            parts["quiet"] = self.quiet_runs.memory()
        points = {"points": Memory((), np.float64, 0.0)}
        return points | {
            f"{part}.{key}": memory
            for part, memories in parts.items()
            for key, memory in memories.items()
        }

    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.score`."""
        return self._verdicts(slots, t_ns, self._rate(slots, x, t_ns))

    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        """See `Detector.learn`."""
        self._take(slots, t_ns, self._rate(slots, x, t_ns), verdicts)

    def turn(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.turn`: what `score` finds out serves `learn` too."""
        rating = self._rate(slots, x, t_ns)
        verdicts = self._verdicts(slots, t_ns, rating)
        self._take(slots, t_ns, rating, verdicts)
        return verdicts

    def _part(self, name: str) -> dict[str, npt.NDArray[np.float64]]:
        """Arrays of a part, by their names in it."""
        return {key: self._arrays[held] for key, held in self._names.get(name, ())}

    def _rate(self, slots: Slots, x: Floats, t_ns: Times) -> Rating:
        finite = np.abs(x) <= LARGEST
        points = np.where(finite, x, 0.0)
        looks = [b.look(self._part(b.name), slots, points, t_ns) for b in self.baselines]
        residuals = np.concatenate([residual for residual, _ in looks], axis=1)
        expected = np.concatenate([middle for _, middle in looks], axis=1)
        residuals = np.where(finite[:, None], residuals, np.nan)
        shares = self._density.share(self._part("density"), slots, residuals)
        told = shares.argmin(axis=1)
        at = np.arange(slots.size), told
        usual = expected[at]
        surprise = alarm_level.surprises(shares[at])
        excess = alarm_level.excess(self._part("alarm"), slots, surprise)
        gap = self._arrays["cadence.gap"][slots]
        quiet = by_quiet = None
        if self.quiet_runs:
            quiet = self.quiet_runs.look(self._part("quiet"), slots, points, t_ns, gap)
            own = alarm_level.excess_of(quiet.decades) - ITS_SHARE
            # What the other streams make of a 0 that is usual here: a course between two hours.
            common = self.quiet_runs.is_usual(self._part("quiet"), slots, quiet)
            excess = np.where(common, np.minimum(excess, alarm_level.COMMON), excess)
            by_quiet = finite & (quiet.decades < 0.0) & self._speaks(slots, own, excess)
            excess = np.where(by_quiet, own, excess)
            usual = np.where(by_quiet | quiet.lasts, quiet.expected, usual)
        repeated = echo.echoes(self._part("echo"), slots, excess, t_ns, gap, self.louder)
        return Rating(
            finite, points, residuals, told, usual, surprise, excess, repeated, quiet, by_quiet
        )

    def _speaks(self, slots: Slots, own: Floats, excess: Floats) -> Mask:
        """Whether an excess is more than another and rare enough for an anomaly."""
        speaks = own > np.maximum(excess, alarm_level.COMMON)
        at = np.flatnonzero(speaks)
        if at.size:
            speaks[at] = alarm_level.chances(own[at]) <= self._allowed(slots[at])
        return speaks

    def _allowed(self, slots: Slots) -> Floats:
        """Largest chance that makes an anomaly of a point of each series."""
        a_week = self.config.false_alarms_per_week * self.sensitivity[slots]
        allowed: Floats = np.minimum(a_week / WEEK_S * self._arrays["cadence.gap"][slots], MOST)
        return allowed

    def _verdicts(self, slots: Slots, t_ns: Times, rating: Rating) -> Verdicts:
        config = self.config
        judged = rating.finite & (self._arrays["points"][slots] >= config.warm_up)
        chance = alarm_level.chances(rating.excess)
        score = np.where(rating.echo, 0.0, 1.0 - chance)
        middle = np.where(judged, rating.expected, np.nan)
        deviation = rating.x - middle
        distance = np.abs(deviation)
        anomalous = judged & ~rating.echo & (chance <= self._allowed(slots))
        anomalous &= distance >= config.min_deviation
        direction = np.sign(np.where(np.isfinite(deviation), deviation, 0.0)).astype(np.int8)
        if config.direction != "both":
            anomalous &= direction == (1 if config.direction == "up" else -1)
        half = BAND * self._arrays["density.scale"][slots, 0]
        half = np.where(anomalous, np.minimum(half, distance * 0.999), np.maximum(half, distance))
        lasts, since_ns = np.zeros_like(judged), np.zeros(slots.size, np.int64)
        if rating.quiet is not None and rating.by_quiet is not None:
            lasts = judged & ~anomalous & rating.quiet.lasts
            told = lasts | (anomalous & rating.by_quiet)
            since_ns = np.where(told, rating.quiet.since_ns, 0)
        lower, upper = middle - half, middle + half
        return Verdicts(judged, score, middle, lower, upper, direction, anomalous, lasts, since_ns)

    def _lessons(self, slots: Slots, x: Floats, rating: Rating) -> Floats:
        residuals = rating.residuals[rating.finite]
        lessons, first = [], 0
        for baseline in self.baselines:
            own = residuals[:, first : first + baseline.streams]
            lessons.append(baseline.lessons(self._part(baseline.name), slots, x, own))
            first += baseline.streams
        return np.concatenate(lessons, axis=1)

    def _take(self, slots: Slots, t_ns: Times, rating: Rating, verdicts: Verdicts) -> None:
        finite = rating.finite
        heard = rating.excess > self.remembered
        if rating.by_quiet is not None:
            # The evidence of a run climbs while one and the same event goes on.
            heard &= ~rating.by_quiet
        event = finite & ~rating.echo & (heard | verdicts.anomalous)
        echo.learn(self._part("echo"), slots[event], rating.excess[event], t_ns[event])
        at, points, times = slots[finite], rating.x[finite], t_ns[finite]
        self._density.learn(self._part("density"), at, self._lessons(at, points, rating))
        alarm_level.learn(self._part("alarm"), at, rating.surprise[finite])
        if self.quiet_runs and rating.quiet is not None and rating.by_quiet is not None:
            told = verdicts.anomalous | (rating.by_quiet & ~rating.echo & verdicts.judged)
            lasting = verdicts.anomalous & (rating.by_quiet | (rating.quiet.here < OFTEN))
            marks = np.where(lasting, LASTING, np.where(told, 1.0, 0.0))
            look = rating.quiet.of(finite)
            self.quiet_runs.learn(self._part("quiet"), at, points, times, look, marks[finite])
        cadence.learn(self._part("cadence"), at, times)
        gap = self._arrays["cadence.gap"][at]
        for baseline in self.baselines:
            baseline.learn(self._part(baseline.name), at, points, times, gap)
        self._arrays["points"][at] += 1.0
