"""When a series has changed: a level or trend that the smoothing does not follow."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from operators.forecasts.smoothing import Floats, Smoothing
from tidegauge.savedstate import saved_type

SLACK = 1.0
"""Standard deviations of the errors one cell ahead that are nothing."""
MOST = 6.0
"""One error counts as this at most, so that it takes two."""
PASSED = 8.0
"""Sum at which the series has changed."""
SURE = 3.0
"""Standard errors that a trend must have."""
SEEN = 1 / 3
"""Part of a season that must be there before a trend is told from it."""
RECENT = 24
"""Cells that a level without a trend rests on."""
LINE = 3
"""Cells that tell a line from a step."""
DOUBT = 0.5
"""Part of the rise to come that is one standard deviation of it: it may go on or end."""


@saved_type
@dataclass(slots=True)
class Watch:
    """Two-sided cumulative sum of the errors one cell ahead, in their usual standard deviations.

        up   ← max(0, up + z - 1)        down ← max(0, down - z - 1)

    Attributes:
        up, down: the sums.
        up_since, down_since: cell with which each began.

    Source: E. Page, "Continuous inspection schemes", Biometrika 41 (1954).
    """

    up: float = 0.0
    down: float = 0.0
    up_since: int = 0
    down_since: int = 0

    def learn(self, z: float, cell: int) -> int | None:
        """Take in an error; the cell with which the series changed, once it is certain."""
        z = min(max(z, -MOST), MOST)
        if not self.up:
            self.up_since = cell
        if not self.down:
            self.down_since = cell
        self.up = max(self.up + z - SLACK, 0.0)
        self.down = max(self.down - z - SLACK, 0.0)
        if max(self.up, self.down) < PASSED:
            return None
        since = self.up_since if self.up > self.down else self.down_since
        self.up = self.down = 0.0
        return since

    @property
    def calm(self) -> bool:
        """Whether there is no sign of a change."""
        return not self.up and not self.down

    def copy(self) -> Self:
        """One that changes by itself."""
        return replace(self)


@dataclass(frozen=True, slots=True)
class Segment:
    """The course of a series since it changed: a line, and the season of before.

        forecast(h) = level + (1 + … + φ^(h-1)) trend + season,   φ = 1 - 1 / cells

    A trend is expected to last for about as long again as it has lasted (J. Gott, "Implications of
    the Copernican principle for our future prospects", Nature 363 (1993)), so what is expected
    never leaves by more than the series has moved since it changed. A trend that the noise could
    have made is shrunk to nothing.

    Attributes:
        level, trend: where it is at the last cell, and from cell to cell.
        slope, middle: of the line through all cells, and their mean; the slope is the trend once
            enough of a season is there.
        phi: damping of the trend.
        cells: how many the line rests on.
        season: course of a period, by the cell's number modulo its length; empty for none.
        variance: of the cells around the line.

    Source: C. Stein, "Inadmissibility of the usual estimator for the mean of a multivariate normal
    distribution" (1956), for the shrinkage, here of one slope by its own standard error.
    """

    level: float
    trend: float
    slope: float
    middle: float
    phi: float
    cells: int
    season: Floats
    variance: float

    def ahead(self, next_number: int, points: int) -> Floats:
        """Forecasts of the cells `next_number`, `next_number` + 1 and so on."""
        forecast: Floats = self.level + self._rise(points)
        if self.season.size:
            forecast = forecast + self.season[(next_number + np.arange(points)) % self.season.size]
        return forecast

    def line_ahead(self, next_number: int) -> tuple[float, float]:
        """What the line says of the next cell, told as a trend or not, and its variance.

        A line that is too young to be told must not be taken for change after change.
        """
        count = self.cells
        if count < LINE or self.trend == self.slope:
            return float(self.ahead(next_number, 1)[0]), float(self.variances(1)[0])
        expected = self.middle + self.slope * (count + 1) / 2.0
        if self.season.size:
            expected += float(self.season[next_number % self.season.size])
        lever = 1.0 + 1.0 / count + 3.0 * (count + 1) / (count * (count - 1))
        return expected, self.variance * lever + (DOUBT * self.slope) ** 2

    def variances(self, points: int) -> Floats:
        """Variances of the errors of `ahead`: noise, where the line is, whether it goes on."""
        steps = np.arange(1, points + 1)
        wandering = np.sqrt(steps) / self.cells
        found: Floats = self.variance * (1.0 + 1.0 / self.cells + wandering**2)
        return found + (DOUBT * self._rise(points)) ** 2

    def _rise(self, points: int) -> Floats:
        rise: Floats = self.trend * np.cumsum(self.phi ** np.arange(points))
        return rise


def follow(cells: Floats, last_number: int, before: Smoothing, variance: float) -> Segment:
    """The course since a change.

    Args:
        cells: values from the cell on with which the series changed.
        last_number: number of the last.
        before: the smoothing before the change, for its season.
        variance: of the errors one cell ahead before the change.
    """
    # The first cell may be half before and half after.
    values = off_season(cells[1:] if cells.size > 1 else cells, last_number, before)
    count = values.size
    slope = _slope(values, variance)
    trend = slope if count >= before.season.size * SEEN else 0.0
    recent = values if trend else values[-RECENT:]
    level = float(recent.mean()) + trend * (recent.size - 1) / 2.0
    phi, middle = 1.0 - 1.0 / count, float(values.mean())
    return Segment(level, trend, slope, middle, phi, count, before.season, variance)


def off_season(cells: Floats, last_number: int, smoothing: Smoothing) -> Floats:
    """Cells without the season of a smoothing; the last has this number."""
    if not smoothing.season.size:
        return cells
    numbers = last_number - np.arange(cells.size)[::-1]
    plain: Floats = cells - smoothing.season[numbers % smoothing.season.size]
    return plain


def onset(residuals: Floats) -> int:
    """From which on residuals have another mean than 0: where that is most likely.

    Source: D. Hinkley, "Inference about the change-point in a sequence of random variables",
    Biometrika 57 (1970).
    """
    sums = np.cumsum(residuals[::-1])[::-1]
    counts = np.arange(residuals.size, 0, -1)
    return int((sums * sums / counts).argmax())


def _slope(values: Floats, variance: float) -> float:
    count = values.size
    if count < LINE:
        return 0.0
    at = np.arange(count) - (count - 1) / 2.0
    spread = float(at @ at)
    slope = float(at @ values) / spread
    around = values - values.mean() - slope * at
    noise = max(variance, float(around @ around) / (count - 2) if count > 2 else 0.0)
    unsure = SURE * SURE * noise / spread
    return slope * (1.0 - unsure / (slope * slope)) if slope * slope > unsure else 0.0
