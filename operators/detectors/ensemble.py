"""The detector that needs no tuning: several baselines, of which the most surprised one speaks."""

from dataclasses import replace

import numpy as np

from operators.detectors.contract import Floats, Slots, Times, Verdicts
from operators.detectors.ensemble_loop import SeriesLoop
from operators.detectors.levels import Levels
from operators.detectors.profile import DayProfile
from operators.detectors.quiet import QuietRuns
from operators.detectors.rarity import RarityConfig, RarityDetector
from operators.detectors.runs import Runs
from operators.detectors.season import Season
from operators.detectors.spread import Spread

_FEW = 12
"""Series for which plain floats are quicker than arrays."""


class Ensemble(RarityDetector):
    """How rarely a series surprises by as much, over six streams of residuals.

        residuals : distance from the mean of 3 and of 50 points, from the usual value of the
                    eighth of the day, from the week's course around a moving level;
                    the present restlessness; the time without any change
        surprise  = max over the streams of -log10(share of earlier residuals near this one)
        excess    = surprise - mean over blocks of 150 points of their highest surprise
        score     = 1 - 10^-excess · exp(-γ) / 150, and 0 for an echo

    Beside them, the evidence of a run of quiet points (`QuietRuns`), where its chance is less.

    **Score.** 0.999 says: without an anomaly, this series begins such an event once in 1,000
    points, whatever it measures. It compares residuals with those of the same stream (`density`)
    and surprises with those of the same series (`alarm_level`), so one threshold means one rate of
    false alarms everywhere.

    **Anomaly.** Where 1 - score is at most `false_alarms_per_week` of the points that the series
    has in a week. What is hardly rarer than an event of the last 20 hours and 300
    points is its echo and no anomaly.

    **Reason.** `expected` and the band are those of the stream that spoke. The band is six mean
    absolute residuals wide on each side, drawn so that anomalies lie outside of it.

    **Learning.** Everything is learned from, anomalies too: a new level is one event, and usual
    after a few days. Densities rest on about 4,000 points, alarm levels on 9,000.

    **Warm-up.** The first `warm_up` points are not judged; hours of the day that were not seen yet
    say nothing. NaN and infinities are neither judged nor learned from.

    **Units.** `false_alarms_per_week` in events a week, `min_deviation` in the unit of the points,
    `warm_up` in points.

    **Cost.** State: 1,100 floats and 1,700 bytes a series.

    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(7)
    >>> minutes = np.arange(10 * 288)
    >>> points = 100 + 30 * np.sin(2 * np.pi * minutes / 288) + rng.normal(0, 2, minutes.size)
    >>> points[2700] -= 25
    >>> detector = Ensemble(RarityConfig())
    >>> detector.grow(1)
    >>> verdicts = detector.judge(np.zeros(minutes.size, int), points, minutes * 300 * 10**9)
    >>> found = np.flatnonzero(verdicts.anomalous)
    >>> int(found[-1]), verdicts.direction[found[-1]].item()
    (2700, -1)

    Sources: those of its parts; the maximum of complementary detectors as in C. Aggarwal and
    S. Sathe, "Theoretical foundations and algorithms for outlier ensembles", SIGKDD Explorations
    17 (2015).
    """

    name = "ensemble"
    version = 3
    reads = frozenset({1, 2})
    baselines = (Levels(), DayProfile(), Spread(), Runs(), Season())
    quiet_runs = QuietRuns()

    def judge(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.judge`: many series by arrays, a few by plain floats, to the same bit."""
        if not slots.size:
            return Verdicts.blank(0)
        order = np.argsort(slots, kind="stable")
        series, firsts = np.unique(slots[order], return_index=True)
        if series.size > _FEW and 4 * series.size > slots.size:
            return super().judge(slots, x, t_ns)
        verdicts = Verdicts.blank(slots.size)
        for slot, turns in zip(series.tolist(), np.split(order, firsts[1:]), strict=True):
            loop = SeriesLoop(self._arrays, slot, self._config_of(slot))
            verdicts.put(turns, loop.run(x[turns].tolist(), t_ns[turns].tolist()))
            loop.store()
        return verdicts

    def _config_of(self, slot: int) -> RarityConfig:
        """The settings, with as many false alarms as the series may raise."""
        sensitivity = float(self.sensitivity[slot])
        if sensitivity == 1.0:
            return self.config
        a_week = self.config.false_alarms_per_week * sensitivity
        return replace(self.config, false_alarms_per_week=a_week)
