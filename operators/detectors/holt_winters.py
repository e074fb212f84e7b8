"""Exponential smoothing with trend and season, refitted now and then."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline
from operators.detectors.contract import Floats, Memory, Slots, Times
from operators.detectors.learned_period import LONGEST, find_period
from operators.smoothing.holt_winters import fit_damped

HISTORY = 240
"""Points that a fit rests on."""
EVERY = 480.0
"""Points between two fits of a series."""
SEASONS = 3
"""Seasons that must lie in the history for a season to be fitted."""

_EMPTY = np.nan


class HoltWinters(Baseline):
    """Distance from the one-step forecast of additive damped Holt-Winters smoothing.

        forecast = level + φ · trend + season[n mod period]
        level    ← α (x - season) + (1 - α) (level + φ · trend)
        trend    ← β (level - level before) + (1 - β) φ · trend
        season   ← γ (x - level before - φ · trend) + (1 - γ) season

    α, β, γ, φ and the start are fitted by maximum likelihood (`statsmodels`); the period is found
    in the history (`find_period`). The first fit comes when the history is full, and the later
    ones every 480 points from an offset that follows from the series' first value, so that series
    that began together are not all fitted at once and a replay fits at the same points.

    State: 340 floats.
    """

    name = "holt_winters"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """A ring of points, what was fitted, the season and where it stands."""
        names = ("level", "trend", "alpha", "beta", "gamma", "phi", "period", "count", "offset")
        empty = {name: Memory((), np.float64, 0.0) for name in names}
        return empty | {
            "level": Memory((), np.float64, _EMPTY),
            "ring": Memory((HISTORY,), np.float64, 0.0),
            "season": Memory((LONGEST,), np.float64, 0.0),
            "next": Memory((), np.int64, 0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        forecast = arrays["level"][slots] + arrays["phi"][slots] * arrays["trend"][slots]
        forecast = forecast + arrays["season"][slots, arrays["next"][slots].astype(np.intp)]
        return (x - forecast)[:, None], forecast[:, None]

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        count = arrays["count"][slots]
        first = count == 0.0
        if first.any():
            arrays["offset"][slots[first]] = _offset(x[first])
        arrays["ring"][slots, count.astype(np.intp) % HISTORY] = x
        arrays["count"][slots] = count = count + 1.0
        self._smooth(arrays, slots, x)
        later = (count > HISTORY) & ((count + arrays["offset"][slots]) % EVERY == 0.0)
        for slot in slots[(count == HISTORY) | later]:
            at = int(arrays["count"][slot]) % HISTORY
            _fit(arrays, int(slot), np.roll(arrays["ring"][slot], -at))

    @staticmethod
    def _smooth(arrays: Arrays, slots: Slots, x: Floats) -> None:
        level, drift = arrays["level"][slots], arrays["phi"][slots] * arrays["trend"][slots]
        at = slots, arrays["next"][slots].astype(np.intp)
        season = arrays["season"][at]
        alpha, beta, gamma = (arrays[key][slots] for key in ("alpha", "beta", "gamma"))
        new = alpha * (x - season) + (1.0 - alpha) * (level + drift)
        arrays["trend"][slots] = beta * (new - level) + (1.0 - beta) * drift
        arrays["season"][at] = gamma * (x - level - drift) + (1.0 - gamma) * season
        arrays["level"][slots] = new
        period = np.maximum(arrays["period"][slots], 1.0)
        arrays["next"][slots] = (arrays["next"][slots] + 1) % period
        unknown = ~np.isfinite(level)
        for key in ("trend", "season"):
            arrays[key][slots[unknown]] = 0.0


def _offset(x: Floats) -> Floats:
    """A number from 0 to 479 that looks like chance and follows from the value alone."""
    bits = np.ascontiguousarray(x).view(np.uint64)
    mixed = (bits ^ (bits >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
    return ((mixed >> np.uint64(32)) % np.uint64(EVERY)).astype(np.float64)


def _fit(arrays: Arrays, slot: int, history: Floats) -> None:
    """Fit the series and start from the end of its history; one that never moves is left alone."""
    period = find_period(history)
    period = period if period * SEASONS <= HISTORY else 0
    fitted = fit_damped(history, period, brute=True)
    if fitted is None:
        return
    for key in ("alpha", "beta", "gamma", "phi", "level", "trend"):
        arrays[key][slot] = getattr(fitted, key)
    arrays["period"][slot] = period
    arrays["season"][slot] = 0.0
    arrays["season"][slot, :period] = fitted.season
    arrays["next"][slot] = 0
