"""Seasons of any length, found in the series itself."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline
from operators.detectors.contract import Floats, Memory, Slots, Times

HISTORY = 256
"""Points that are remembered: a period of up to a third of them can be found."""
EVERY = 32.0
"""Points between two searches of a series."""
LEAST = 0.5
"""Autocorrelation that makes a period."""
SAME = 0.9
"""Share of the highest peak that the first peak has where others are its multiples."""
SHORTEST, LONGEST = 4, 85


class LearnedPeriod(Baseline):
    """Distance from the mean of the points one and two periods ago.

    The period is the lag, from 4 to 85 points, at which the autocorrelation of the last 256 points
    has its highest peak, or the first that is nearly as high, if it is at least 0.5; without one
    the stream says nothing. It is searched every 32 points of a series, counted from its first:
    series that began at different times are searched at different times.

    State: 259 floats. Source: G. Box and G. Jenkins, "Time series analysis" (1970), for the
    autocorrelation function.
    """

    name = "period"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """A ring of points, the period (0: none) and the number of points."""
        return {
            "ring": Memory((HISTORY,), np.float64, 0.0),
            "period": Memory((), np.float64, 0.0),
            "count": Memory((), np.float64, 0.0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        period = arrays["period"][slots].astype(np.intp)
        at = arrays["count"][slots].astype(np.intp)
        ring = arrays["ring"]
        once = ring[slots, (at - period) % HISTORY]
        twice = ring[slots, (at - 2 * period) % HISTORY]
        expected = np.where(period > 0, (once + twice) / 2.0, np.nan)[:, None]
        return x[:, None] - expected, expected

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        count = arrays["count"][slots]
        arrays["ring"][slots, count.astype(np.intp) % HISTORY] = x
        arrays["count"][slots] = count + 1.0
        due = (count + 1.0 >= HISTORY) & ((count + 1.0) % EVERY == 0.0)
        for slot in slots[due]:
            first = int(arrays["count"][slot]) % HISTORY
            arrays["period"][slot] = find_period(np.roll(arrays["ring"][slot], -first))


def find_period(points: Floats, longest: int = LONGEST) -> int:
    """Lag of the highest peak of the autocorrelation, in points; 0 where none reaches 0.5.

    Lags from 4 to `longest` are looked at, of which there should be three times as many points.
    """
    if longest < SHORTEST:
        return 0
    centred = points - points.mean()
    spectrum = np.fft.rfft(centred, 2 * points.size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: longest + 2]
    if not correlation[0] > 0.0:
        return 0
    pairs = points.size - np.arange(correlation.size)
    correlation = correlation / correlation[0] * (points.size / pairs)
    inner = correlation[SHORTEST : longest + 1]
    peak = (inner > correlation[SHORTEST - 1 : longest]) & (
        inner >= correlation[SHORTEST + 1 : longest + 2]
    )
    heights = np.where(peak, inner, 0.0)
    highest = heights.max()
    if highest < LEAST:
        return 0
    return int((heights >= SAME * highest).argmax()) + SHORTEST
