"""Robust z: how many robust standard deviations a point lies from the median of those before it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from operators.detectors.contract import Detector, Floats, Mask, Memory, Slots, Times, Verdicts
from operators.detectors.of_interest import Direction, check_of_interest
from operators.detectors.scale import Counts, medians, scales

MAX_SCORE = 1_000.0
"""Larger scores are reported as this: a series that never moved has no scale to compare with."""

_SHORT = 50.0
"""Widening for short histories, chosen by simulation for the rates that `RobustZ` states."""
_ROUNDING = 1e-9
"""Relative size of what may be rounding: sums of floats depend on how they were split."""
_EPISODE_SHARE = 4
_PER_ALARMS = -0.25
"""Power of the share of alarms by which the threshold moves: half of them, 1.19 times as far."""


@dataclass(frozen=True, slots=True)
class RobustZConfig:
    """Settings of `RobustZ`.

    Attributes:
        threshold: robust standard deviations from the expected that make an anomaly.
        warm_up: points of a series that are learned before the first is judged, at least 3.
        history: points that the expectation rests on, at least `warm_up`.
        direction: which side is of interest.
        min_deviation: smaller deviations, in the unit of the points, are no anomalies.

    Raises:
        ValueError: a setting is out of its range.
    """

    threshold: float = 6.0
    warm_up: int = 20
    history: int = 120
    direction: Direction = "both"
    min_deviation: float = 0.0

    def __post_init__(self) -> None:
        if not self.threshold > 0:
            raise ValueError(f"threshold is {self.threshold}: it must be above 0")
        if not 3 <= self.warm_up <= self.history:
            raise ValueError(
                f"warm_up is {self.warm_up}: it must be from 3 to the history of {self.history}"
            )
        check_of_interest(self.direction, self.min_deviation)


class RobustZ(Detector):
    """Distance from the median of the last points, in robust standard deviations.

        expected = median of the remembered points
        score    = |x - expected| / scale
        anomaly  : |x - expected| > max(threshold * scale, min_deviation)

    **Scale.** The tau-scale (Maronna and Zamar): 1.48 MAD, refined by the mean of the squared
    distances clipped at 3 MAD-sigmas. It bears as many outliers as the MAD and needs half as many
    points for the same accuracy, which matters after a short warm-up. It is widened by
    1 + 50 / n² for the uncertainty of a scale from n points, and is never less than a third of the
    distance that a tenth of the remembered points reach: what is common is no anomaly.

    **Constant series.** Where more than half of the points are one value, the MAD is 0 and says
    nothing. The scale is then the root mean square distance, at least 0.1 % of the expected value:
    a wiggle of up to 0.6 % (at threshold 6) is no anomaly, a first real change is one, and what
    has come in more than about 1 of 36 points is none any more. On a series of zeros nothing is
    known of its scale and every change is an anomaly: give such fields a `min_deviation`. Scores
    end at 1000.

    **Learning.** A run of anomalies is kept out of the expectation while it goes on, so that a long
    fault stays visible. When it ends, the first quarter of it (at least one point) is remembered:
    an episode weighs little, however long. When it has become half of what is remembered, after at
    most `history / 2` points (rounded up), it counts in full and the alarm ends: a level shift is
    learned. From then on both levels are usual until the old one has left the history.

    **Warm-up.** The first `warm_up` finite points of a series are learned and not judged. NaN and
    infinities are neither judged nor learned from.

    **Units.** `threshold` in robust standard deviations, `min_deviation` in the unit of the points,
    `warm_up` and `history` in points.

    **False alarms.** For independent normal points at threshold 6: 1 in 30 million once 120 are
    remembered, 1 in 150,000 right after a warm-up of 20, 1 in 20,000 after one of 10. With heavy
    tails there are more, in 1,000 points: 0.7 for Laplace, 4 for exponential, 20 for log-normal
    (sigma 1): judge the averages of windows, or raise the threshold. For seasons much shorter than
    the history the band covers the whole season; what is unusual for an hour is not seen.

    >>> rng = np.random.default_rng(7)
    >>> points = rng.normal(20.0, 0.5, 200)
    >>> points[150] = 26.0
    >>> detector = RobustZ(RobustZConfig())
    >>> detector.grow(1)
    >>> for time, x in enumerate(points):
    ...     point = np.array([0]), np.array([x]), np.array([time])
    ...     verdicts = detector.score(*point)
    ...     detector.learn(*point, verdicts)
    ...     if verdicts.anomalous[0]:
    ...         score, expected = verdicts.score[0], verdicts.expected[0]
    ...         print(f"{time}: {x:.1f}, expected {expected:.1f}, score {score:.1f}")
    150: 26.0, expected 20.0, score 13.5

    Sources: R. Maronna and R. Zamar, "Robust estimates of location and dispersion for
    high-dimensional datasets", Technometrics 44 (2002), for the scale; B. Iglewicz and D. Hoaglin,
    "How to detect and handle outliers" (1993), for scores from median and MAD.
    """

    name = "robust_z"
    version = 1

    def __init__(self, config: RobustZConfig) -> None:
        self.config = config
        super().__init__()

    def memory(self) -> Mapping[str, Memory]:
        """A ring of points, +inf where there is none, and three counters for each series."""
        return {
            "points": Memory((self.config.history,), np.float64, np.inf),
            "next": Memory((), np.int32, 0),
            "count": Memory((), np.int32, 0),
            "run": Memory((), np.int32, 0),
        }

    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.score`."""
        config = self.config
        count, run = self._arrays["count"][slots], self._arrays["run"][slots]
        judged = np.isfinite(x) & (count >= config.warm_up)
        expected, half = self._band(slots, judged, count - run)
        deviation = np.where(judged, x - expected, np.nan)
        distance = np.abs(deviation)
        score = np.minimum(self._thresholds(slots) * distance / half, MAX_SCORE)
        direction = np.where(judged, np.sign(deviation), 0).astype(np.int8)
        anomalous = distance > half * (1 + _ROUNDING)
        if config.direction != "both":
            anomalous &= direction == (1 if config.direction == "up" else -1)
        lower, upper, lasts = expected - half, expected + half, np.zeros_like(judged)
        since = np.zeros(slots.size, np.int64)
        return Verdicts(judged, score, expected, lower, upper, direction, anomalous, lasts, since)

    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        """See `Detector.learn`."""
        usual = (verdicts.lower <= x) & (x <= verdicts.upper)
        unusual = verdicts.judged & ~usual
        finite = np.isfinite(x)
        self._end_runs(slots[finite & ~unusual])
        self._append(slots[finite], x[finite])
        run = self._arrays["run"]
        run[slots[finite]] = np.where(unusual[finite], run[slots[finite]] + 1, 0)
        self._accept_levels(slots[unusual])

    def _band(self, slots: Slots, judged: Mask, n: Counts) -> tuple[Floats, Floats]:
        """Expected value and half the width of the band; NaN where nothing is judged."""
        config = self.config
        expected, half = np.full((2, slots.size), np.nan)
        if judged.any():
            slots, n = slots[judged], n[judged]
            points = self._remembered(slots)
            points.sort(axis=1)
            median = medians(points, n)
            with np.errstate(over="ignore", invalid="ignore"):  # points near the largest float
                scale = scales(points, median, n) * (1 + _SHORT / n.astype(np.float64) ** 2)
                threshold = self._thresholds(slots)
                half[judged] = np.maximum(threshold * scale, config.min_deviation)
            expected[judged] = median
        return expected, half

    def _thresholds(self, slots: Slots) -> Floats:
        """Distance that makes an anomaly: more where a series may raise fewer alarms."""
        thresholds: Floats = self.config.threshold * self.sensitivity[slots] ** _PER_ALARMS
        return thresholds

    def _remembered(self, slots: Slots) -> Floats:
        """Points of each series without the run of anomalies that is still going on."""
        points: Floats = self._arrays["points"][slots]
        running = np.flatnonzero(self._arrays["run"][slots])
        if running.size:
            held = slots[running]
            recent = self._age(held) < self._arrays["run"][held][:, None]
            points[running] = np.where(recent, np.inf, points[running])
        return points

    def _age(self, slots: Slots) -> npt.NDArray[np.int32]:
        """How many points ago each cell of the ring was written: 0 is the newest."""
        cells = np.arange(self.config.history, dtype=np.int32)
        newest: npt.NDArray[np.int32] = self._arrays["next"][slots] - 1
        return (newest[:, None] - cells) % np.int32(self.config.history)

    def _append(self, slots: Slots, x: Floats) -> None:
        history = self.config.history
        at = self._arrays["next"][slots]
        self._arrays["points"][slots, at] = x
        self._arrays["next"][slots] = (at + 1) % history
        self._arrays["count"][slots] = np.minimum(self._arrays["count"][slots] + 1, history)

    def _end_runs(self, slots: Slots) -> None:
        """Keep of each run that ends only its first quarter, at least a point."""
        run = self._arrays["run"][slots]
        slots, run = slots[run > 1], run[run > 1]
        if slots.size:
            dropped = run - np.maximum(run // _EPISODE_SHARE, 1)
            forgotten = self._age(slots) < dropped[:, None]
            self._forget(slots, forgotten)
            history = self.config.history
            self._arrays["next"][slots] = (self._arrays["next"][slots] - dropped) % history
            self._arrays["count"][slots] -= dropped

    def _accept_levels(self, slots: Slots) -> None:
        """Where a run has become half of what is remembered, it counts in full from now on."""
        run, count = self._arrays["run"], self._arrays["count"]
        run[slots[2 * run[slots] >= count[slots]]] = 0

    def _forget(self, slots: Slots, cells: Mask) -> None:
        points = self._arrays["points"]
        points[slots] = np.where(cells, np.inf, points[slots])
