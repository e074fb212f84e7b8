"""Sensors that are stuck, and sources that fall silent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from operators.detectors import alarm_level, echo
from operators.detectors.contract import Floats, Mask, Memory, Slots, Times, Verdicts
from operators.detectors.gaps import FIRST, Gaps
from operators.detectors.rarity import RarityDetector, Rating
from operators.detectors.runs import Runs

AGAIN_NS = 1_800 * 1_000_000_000
"""How often a silence that was told is told again, so that alerts about it do not end."""
UNTIL_NS = 2 * 86_400 * 1_000_000_000
"""For how long it is told again."""
GROWTH = 0.125
"""Moments at which a silence is judged are so much of it apart, and at least a usual gap."""
NEVER_NS = 2**62


@dataclass(frozen=True, slots=True)
class Silences:
    """Series that have had no point for unusually long; arrays of one length.

    Attributes:
        slots: the series.
        at_ns: the moment when it was too long.
        since_ns: time of the series' last point.
        score: rarity of so long a silence.
        again: whether it was told before, and only lasts.
    """

    slots: Slots
    at_ns: Times
    since_ns: Times
    score: Floats
    again: Mask

    @classmethod
    def of(cls, parts: Sequence["Silences"]) -> "Silences":
        """Several, one after another."""
        if not parts:
            nothing = np.zeros(0, np.int64)
            return cls(nothing, nothing, nothing, np.zeros(0), np.zeros(0, np.bool_))
        return cls(
            np.concatenate([one.slots for one in parts]),
            np.concatenate([one.at_ns for one in parts]),
            np.concatenate([one.since_ns for one in parts]),
            np.concatenate([one.score for one in parts]),
            np.concatenate([one.again for one in parts]),
        )


class FlatLine(RarityDetector):
    """Rarity of a run of equal points, and of the time without any point.

        residual = equal points in a row beyond what is nothing (`Runs`)
        residual = time since the last point in usual gaps, beyond one (`Gaps`)
        score    = rarity of the rarer residual (`RarityDetector`)

    A gap is judged when the next point ends it; `fall_silent` tells of one that goes on. It is
    judged at moments that follow from the series' own points (two usual gaps after the last, then
    after another gap or eighth of the silence), so it does not matter when one asks. A series of
    which a twentieth of the points repeat the one before is never called stuck. Settings and units:
    `RarityConfig`; `direction` has no meaning here. State: 230 floats a series.

    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> points = rng.normal(0.0, 1.0, 2_000)
    >>> points[1_500:1_520] = 0.5
    >>> detector = FlatLine(RarityConfig())
    >>> detector.grow(1)
    >>> times = np.arange(points.size) * 600 * 10**9
    >>> verdicts = detector.judge(np.zeros(points.size, int), points, times)
    >>> np.flatnonzero(verdicts.anomalous).tolist()
    [1513]
    >>> later = times[-1:] + 3600 * 10**9
    >>> bool(detector.silence(np.array([0]), later)[0] > 0.999)
    True
    """

    name = "flat_line"
    version = 2
    baselines = (Runs(), Gaps())
    # The statistic climbs while one and the same event goes on: only alarms echo, and wholly.
    louder = math.inf
    remembered = math.inf

    def memory(self) -> Mapping[str, Memory]:
        """Beside what all rarities need: when a silence is judged next, and when it was told."""
        return {
            **super().memory(),
            "silence.next_ns": Memory((), np.int64, NEVER_NS),
            "silence.told_ns": Memory((), np.int64, NEVER_NS),
        }

    def silence(self, slots: Slots, now_ns: Times) -> Floats:
        """Rarity of having had no point until now; changes nothing.

        Args:
            slots: the series.
            now_ns: time that is judged, not before the last point of the series.
        """
        return self._silence(slots, now_ns)[0]

    def fall_silent(self, slots: Slots, until_ns: Times) -> Silences:
        """Series that are silent for unusually long, at moments before a time; told once each.

        While a silence lasts it is told again now and then, for two days.

        Args:
            slots: the series; no slot twice.
            until_ns: nothing has come of each before this time.
        """
        told = []
        next_ns, told_ns = self._arrays["silence.next_ns"], self._arrays["silence.told_ns"]
        while (due := next_ns[slots] < until_ns).any():
            slots, until_ns = slots[due], until_ns[due]
            at_ns, again = next_ns[slots], told_ns[slots] < NEVER_NS
            since_ns = self._arrays["gaps.last_ns"][slots]
            score, excess, rare = self._silence(slots, at_ns)
            first = rare & ~again
            echo.learn(self._part("echo"), slots[first], excess[first], at_ns[first])
            told_ns[slots[first]] = at_ns[first]
            out = first | again
            found = Silences(slots[out], at_ns[out], since_ns[out], score[out], again[out])
            told.append(found)
            next_ns[slots] = self._next_ns(slots, at_ns, since_ns)
        return Silences.of(told)

    def speak_again(self, slots: Slots, t_ns: Times) -> None:
        """Of series that were told to be silent: the points that end it only echo that."""
        silent = self._arrays["silence.told_ns"][slots] < NEVER_NS
        self._arrays["echo.event_ns"][slots[silent]] = t_ns[silent]

    def _silence(self, slots: Slots, at_ns: Times) -> tuple[Floats, Floats, Mask]:
        """Rarity, excess, and whether it is an anomaly."""
        beyond, _ = self.baselines[1].look(self._part("gaps"), slots, np.zeros(slots.size), at_ns)
        residuals = np.concatenate([np.full_like(beyond, np.nan), beyond], axis=1)
        share = self._density.share(self._part("density"), slots, residuals)[:, 1]
        _, excess, repeated = self._surprise(slots, share, at_ns)
        chance = alarm_level.chances(excess)
        judged = (self._arrays["points"][slots] >= self.config.warm_up) & ~repeated
        score: Floats = np.where(judged, 1.0 - chance, 0.0)
        return score, excess, judged & (chance <= self._allowed(slots))

    def _next_ns(self, slots: Slots, at_ns: Times, since_ns: Times) -> Times:
        gap_ns = (self._arrays["gaps.gap"][slots] * 1e9).astype(np.int64)
        told_ns = self._arrays["silence.told_ns"][slots]
        pause_ns = np.maximum(gap_ns, ((at_ns - since_ns) * GROWTH).astype(np.int64))
        again_ns = at_ns + np.maximum(gap_ns, AGAIN_NS)
        again_ns = np.where(again_ns > told_ns + UNTIL_NS, NEVER_NS, again_ns)
        following: Times = np.where(told_ns < NEVER_NS, again_ns, at_ns + np.maximum(pause_ns, 1))
        return following

    def _take(self, slots: Slots, t_ns: Times, rating: Rating, verdicts: Verdicts) -> None:
        super()._take(slots, t_ns, rating, verdicts)
        at, times = slots[rating.finite], t_ns[rating.finite]
        arrays = self._arrays
        gap_ns = (arrays["gaps.gap"][at] * 1e9).astype(np.int64)
        # Nothing can be rare before the first point is judged: no moment comes until then.
        ready = (arrays["gaps.count"][at] > FIRST) & (gap_ns > 0)
        ready &= arrays["points"][at] >= self.config.warm_up
        arrays["silence.next_ns"][at] = np.where(ready, times + 2 * gap_ns, NEVER_NS)
        arrays["silence.told_ns"][at] = NEVER_NS
