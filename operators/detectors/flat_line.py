"""Sensors that are stuck, and sources that fall silent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from operators.detectors import alarm_level
from operators.detectors.absence import Absence
from operators.detectors.contract import Floats, Mask, Memory, Slots, State, Times, Verdicts
from operators.detectors.quiet import QuietRuns
from operators.detectors.rarity import MOST, WEEK_S, RarityDetector, Rating
from operators.detectors.runs import Runs

AGAIN_NS = 1_800 * 1_000_000_000
"""How often a silence that was told is told again, for alerts that are pending or new."""
UNTIL_NS = 2 * 86_400 * 1_000_000_000
"""For how long it is told again."""
GROWTH = 0.125
"""Moments at which a silence is judged are so much of it apart, and at least a usual gap."""
NEVER_NS = 2**62
SILENCE_WARM_UP = 20
"""Points before silences of a series are judged, at most."""


@dataclass(frozen=True, slots=True)
class Silences:
    """Series that have had no point for unusually long; arrays of one length.

    Attributes:
        slots: the series.
        at_ns: the moment when it was too long.
        since_ns: time of the series' last point.
        score: rarity of so long a silence.
        told_ns: the moment when it was told first.
        usual_ns: the usual time between its points.
    """

    slots: Slots
    at_ns: Times
    since_ns: Times
    score: Floats
    told_ns: Times
    usual_ns: Times

    @property
    def again(self) -> Mask:
        """Whether each was told before, and only lasts."""
        before: Mask = self.told_ns < self.at_ns
        return before

    @classmethod
    def of(cls, parts: Sequence["Silences"]) -> "Silences":
        """Several, one after another."""
        if not parts:
            nothing = np.zeros(0, np.int64)
            return cls(nothing, nothing, nothing, np.zeros(0), nothing, nothing)
        return cls(
            np.concatenate([one.slots for one in parts]),
            np.concatenate([one.at_ns for one in parts]),
            np.concatenate([one.since_ns for one in parts]),
            np.concatenate([one.score for one in parts]),
            np.concatenate([one.told_ns for one in parts]),
            np.concatenate([one.usual_ns for one in parts]),
        )


class FlatLine(RarityDetector):
    """Rarity of a run of equal points, of a run of zeros, and of the time without any point.

        residual = equal points in a row beyond what is nothing (`Runs`)
        score    = rarity of the residual (`RarityDetector`), or of the run of zeros (`QuietRuns`)
        silence  = rarity of the time since the last point at these times of the week (`Absence`)

    `fall_silent` tells of a silence while it goes on. It is judged at moments that follow from the
    series' own points (half a usual gap after a point was due, then after another gap or eighth of
    the silence), so it does not matter when one asks. It is judged from the 20th point of a series
    on, for its evidence counts how few there are. A series of which a twentieth of the points
    repeat the one before is never called stuck. Settings and units: `RarityConfig`; `direction`
    has no meaning here. State: 160 floats and 3,500 bytes a series.

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
    version = 4
    reads = frozenset({2, 3})
    baselines = (Runs(),)
    quiet_runs = QuietRuns()
    absence = Absence()
    # The statistic climbs while one and the same event goes on: only alarms echo, and wholly.
    louder = math.inf
    remembered = math.inf

    def memory(self) -> Mapping[str, Memory]:
        """Beside what all rarities need: when a silence is judged next, and when it was told."""
        absent = {f"absent.{key}": held for key, held in self.absence.memory().items()}
        return {
            **super().memory(),
            **absent,
            "silence.next_ns": Memory((), np.int64, NEVER_NS),
            "silence.told_ns": Memory((), np.int64, NEVER_NS),
        }

    def silence(self, slots: Slots, now_ns: Times) -> Floats:
        """Rarity of having had no point until now; changes nothing.

        Args:
            slots: the series.
            now_ns: time that is judged, not before the last point of the series.
        """
        return self._silence(slots, now_ns, keep=False)[0]

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
            since_ns = self._arrays["absent.last_ns"][slots]
            score, rare = self._silence(slots, at_ns, keep=True)
            first = rare & ~again
            told_ns[slots[first]] = at_ns[first]
            out = first | again
            at = slots[out]
            usual_ns = (self._arrays["absent.cell"][at] * 1e9).astype(np.int64)
            told.append(Silences(at, at_ns[out], since_ns[out], score[out], told_ns[at], usual_ns))
            next_ns[slots] = self._next_ns(slots, at_ns, since_ns)
        return Silences.of(told)

    def speak_again(self, slots: Slots, t_ns: Times) -> None:
        """Of series that were told to be silent: the points that end it only echo that."""
        silent = self._arrays["silence.told_ns"][slots] < NEVER_NS
        self._arrays["echo.event_ns"][slots[silent]] = t_ns[silent]

    def _silence(self, slots: Slots, at_ns: Times, *, keep: bool) -> tuple[Floats, Mask]:
        """Rarity of having had no point until then, and whether it is an anomaly."""
        part = self._part("absent")
        ready = self.absence.ready(part, slots) & (self._arrays["points"][slots] >= self._warm_up)
        decades = np.zeros(slots.size)
        for at in np.flatnonzero(ready).tolist():
            decades[at] = self.absence.decades(part, int(slots[at]), int(at_ns[at]), keep=keep)
        chance = alarm_level.chances(alarm_level.excess_of(decades))
        a_week = self.config.false_alarms_per_week * self.sensitivity[slots]
        allowed = np.minimum(a_week / WEEK_S * part["cell"][slots], MOST)
        return 1.0 - chance, ready & (decades < 0.0) & (chance <= allowed)

    @property
    def _warm_up(self) -> int:
        return min(self.config.warm_up, SILENCE_WARM_UP)

    def _next_ns(self, slots: Slots, at_ns: Times, since_ns: Times) -> Times:
        gap_ns = (self._arrays["absent.cell"][slots] * 1e9).astype(np.int64)
        told_ns = self._arrays["silence.told_ns"][slots]
        pause_ns = np.maximum(gap_ns, ((at_ns - since_ns) * GROWTH).astype(np.int64))
        again_ns = at_ns + np.maximum(gap_ns, AGAIN_NS)
        again_ns = np.where(again_ns > told_ns + UNTIL_NS, NEVER_NS, again_ns)
        following: Times = np.where(told_ns < NEVER_NS, again_ns, at_ns + np.maximum(pause_ns, 1))
        return following

    def _take(self, slots: Slots, t_ns: Times, rating: Rating, verdicts: Verdicts) -> None:
        super()._take(slots, t_ns, rating, verdicts)
        at, times = slots[rating.finite], t_ns[rating.finite]
        arrays, part = self._arrays, self._part("absent")
        self.absence.learn(part, at, times)
        cell_ns = (arrays["absent.cell"][at] * 1e9).astype(np.int64)
        # Nothing can be rare before: no moment comes until then.
        ready = self.absence.ready(part, at) & (arrays["points"][at] >= self._warm_up)
        due_ns = times + cell_ns + (cell_ns + 1) // 2
        arrays["silence.next_ns"][at] = np.where(ready, due_ns, NEVER_NS)
        arrays["silence.told_ns"][at] = NEVER_NS

    def upgraded(self, state: State) -> State:
        """Version 2 knew gaps without seasons, as a second stream of residuals."""
        held = state["arrays"]
        if "gaps.gap" not in held:
            return super().upgraded(state)
        density = {key: each[:, :1] for key, each in held.items() if key.startswith("density.")}
        absent = {
            "absent.cell": held["gaps.gap"],
            "absent.points": held["gaps.count"],
            "absent.last_ns": held["gaps.last_ns"],
        }
        return super().upgraded(state | {"arrays": held | density | absent})
