"""One series: from its points over cells to forecasts."""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from operators.detectors.learned_period import find_period
from operators.forecasts.calibration import fresh
from operators.forecasts.changes import LINE, Segment, Watch, follow, off_season, onset
from operators.forecasts.config import ForecastConfig
from operators.forecasts.smoothing import MEMORY, Floats, Smoothing, fit

HISTORY = 512
"""Cells that a fit rests on, at most: three weeks of hours, three days of ten minutes."""
FIRST_FIT = 32
"""Cells before the first fit of a series, or up to twice as many."""
REFIT = 256
"""Cells between two fits; less while the series is young: as many as it had at the last one."""
SEASONS = 3
"""Seasons that must be there before one is found; of one that is told, two."""
LEAST = 0.5
"""Correlation of points a day or week apart that makes it a season."""
NEVER_NS = -(1 << 62)
TINY = 1e-9
"""Share of its level that a series does not move by."""
LEFT = 1.0
"""Standard deviations of its cells, season and all, by which a series that has changed is off."""
BACK = 3.0
"""Standard deviations of the level before a change within which a series is back at it."""
CLEARLY = 0.05
"""By so much a week must be more alike than a day."""

SPARE = 10
"""Cells that must be there besides the seasons."""


@dataclass(frozen=True, slots=True)
class Made:
    """A forecast.

    Attributes:
        made_ns: end of the last cell that it knows of.
        expected, lower, upper: for each cell up to the horizon; they are told for its end.
    """

    made_ns: int
    expected: Floats
    lower: Floats
    upper: Floats


class Series:
    """Follows one series and forecasts it.

    Points are put together in cells, whose means a damped Holt-Winters smoothing follows
    (`Smoothing`). It is fitted when the series has had 32 to 64 cells, again whenever it has had
    twice as many, and from 512 on every 256 cells: always by cells, never by a clock, and spread by
    `chance`. The band is that of single points: the smoothing's variance plus that of points
    around their cell's mean, times what `Calibration` has learned. A cell without points is passed
    over as if the forecast had come true; after 512 of them the series begins anew.

    State: 512 cells, a season of at most 170 and two numbers for each cell ahead: at most 7 kB.

    Args:
        config: what is forecast.
        chance: 0 to 1, different for different series: when it is fitted.
    """

    def __init__(self, config: ForecastConfig, chance: float) -> None:
        self._config = config
        self._chance = chance
        self._open: int | None = None
        self._last_ns = NEVER_NS
        self._smoothing: Smoothing | None = None
        self._segment: Segment | None = None
        self._quantile = NormalDist().inv_cdf((1.0 + config.band) / 2.0)
        self._begin(None)

    def take(self, end_ns: int, x: float) -> Made | None:
        """Take in a point; a forecast if one is due now.

        Args:
            end_ns: end of the window that it is of; not after those before it.
            x: finite.
        """
        cell_ns = self._config.cell_ns
        number = (end_ns - 1) // cell_ns
        if self._open is None or number - self._open > HISTORY:
            self._begin(number)
        if end_ns <= self._last_ns:
            return None
        self._last_ns = end_ns
        closed = False
        while self._open is not None and self._open < number:
            self._close()
            closed = True
        self._add(number, x)
        if end_ns == (number + 1) * cell_ns:
            self._close()
            closed = True
        return self._forecast() if closed else None

    @property
    def last_ns(self) -> int:
        """End of the window of the newest point."""
        return self._last_ns

    def snapshot(self) -> dict[str, Any]:
        """The state, in copies."""
        held = {name: getattr(self, f"_{name}") for name in _PLAIN}
        smoothing = self._smoothing
        return held | {
            "cells": self._cells[: min(self._count, HISTORY)].copy(),
            "smoothing": smoothing and smoothing.copy(),
            "bands": self._bands.copy(),
            "watch": self._watch.copy(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `snapshot` returned, also in a version that did not look for changes."""
        for name in _PLAIN:
            setattr(self, f"_{name}", state.get(name, getattr(self, f"_{name}")))
        self._cells = np.zeros(HISTORY)
        self._cells[: state["cells"].size] = state["cells"]
        smoothing = state["smoothing"]
        self._smoothing = smoothing and smoothing.copy()
        self._bands = state["bands"].copy()
        self._watch = state.get("watch", Watch()).copy()
        self._follow()

    def _begin(self, number: int | None) -> None:
        self._open = number
        self._last_ns = NEVER_NS
        self._points = 0
        self._mean = self._squares = 0.0
        self._near = self._far = 0
        self._noise = 0.0
        self._count = 0
        self._cells = np.zeros(HISTORY)
        self._next_fit = FIRST_FIT + int(FIRST_FIT * self._chance)
        self._told = number // self._config.every if number is not None else 0
        self._fitted = 0
        self._changed = -1
        self._usual = 0.0
        self._smoothing = self._segment = None
        self._watch = Watch()
        self._bands = fresh(self._config.ahead)

    def _add(self, number: int, x: float) -> None:
        self._points += 1
        away = x - self._mean
        self._mean += away / self._points
        self._squares += away * (x - self._mean)
        near, far = self._bands.outside(number, x)
        self._near += near
        self._far += far

    def _close(self) -> None:
        """Learn from the open cell, and open the next."""
        number, points = self._open or 0, self._points
        if points:
            value = self._mean
            allowed = 1.0 - self._config.band
            self._bands.learn(number, self._near / points, self._far / points, allowed)
            if points > 1:
                within = self._squares / (points - 1)
                rate = max(1.0 / MEMORY, 1.0 / (self._count + 1))
                self._noise += rate * (within - self._noise)
            self._learn(number, value)
        else:
            value = self._expected_in(number)
            if self._smoothing is not None and self._changed < 0:
                self._smoothing.skip()
        self._cells[self._count % HISTORY] = value
        self._count += 1
        self._open = number + 1
        self._points = self._near = self._far = 0
        self._mean = self._squares = 0.0
        self._follow()
        if self._count >= self._next_fit:
            self._fit(number)
        self._look_ahead()

    def _learn(self, number: int, value: float) -> None:
        """Let the smoothing learn a cell, or what tells that the series has changed."""
        smoothing = self._smoothing
        if smoothing is None:
            return
        if self._watch.calm and self._changed < 0:
            self._usual = max(smoothing.variance, (TINY * smoothing.level) ** 2)
        expected, usual = self._expected_in(number), self._usual
        if self._segment is not None:
            if self._segment.cells < LINE:
                return  # too young to be held against anything
            expected, usual = self._segment.line_ahead(number)
        error = value - expected
        since = self._watch.learn(error / usual**0.5 if usual else 0.0, self._count)
        changed = None if since is None else self._change(since, number, value)
        if changed is not None:
            self._changed = changed
        elif self._changed < 0:
            smoothing.learn(number, value)

    def _change(self, since: int, number: int, value: float) -> int | None:
        """With which cell the series left where it usually is; None where it has not."""
        smoothing = self._smoothing
        if smoothing is None:
            return None
        cells = np.append(self._history(self._count - since), value)
        away = off_season(cells, number, smoothing) - smoothing.level
        first = onset(away)
        known = self._history(self._count)
        before = known[: known.size - (self._count - since) + first]
        if self._changed < 0 and abs(float(away[first:].mean())) <= LEFT * float(before.std()):
            return None
        return since + first

    def _follow(self) -> None:
        """The course since the series has changed, if it has."""
        self._segment = None
        smoothing = self._smoothing
        if self._changed < 0 or smoothing is None:
            return
        cells = self._history(self._count - self._changed)
        segment = follow(cells, (self._open or 0) - 1, smoothing, self._usual)
        away = abs(segment.level - smoothing.level)
        if not segment.trend and away <= BACK * self._usual**0.5:
            self._changed = -1
            smoothing.level, smoothing.trend = segment.level, 0.0
            return
        self._segment = segment

    def _expected_in(self, number: int) -> float:
        """What is expected in the next cell."""
        model = self._segment or self._smoothing
        if model is not None:
            return float(model.ahead(number, 1)[0])
        return float(self._cells[(self._count - 1) % HISTORY])

    def _history(self, cells: int) -> Floats:
        """The last cells, or as many as are kept."""
        known = min(cells, self._count, HISTORY)
        return np.roll(self._cells, -self._count)[HISTORY - known :]

    def _fit(self, last_number: int) -> None:
        """Fit the smoothing to what is there since the series changed, once that is enough."""
        cells = self._count
        if self._changed >= 0 and self._count - self._fitted < 2 * REFIT:
            cells = self._count - self._changed
            size = self._smoothing.season.size if self._smoothing is not None else 0
            if cells < max(FIRST_FIT, 2 * size + SPARE):
                self._next_fit = self._count + 1
                return
        history = self._history(cells)
        period = self._config.season
        if period is None:
            period = found_season(history, self._config.calendar)
        if 2 * period + SPARE > history.size:
            period = 0
        fitted = fit(history, period, last_number)
        self._smoothing = fitted or self._smoothing
        self._next_fit = self._count + min(self._count, REFIT)
        self._fitted = self._count
        self._changed, self._segment = -1, None
        self._watch = Watch()

    def _look_ahead(self) -> None:
        """What is expected now, with the band, for whoever asks and for the calibration."""
        if self._smoothing is None or self._open is None:
            return
        ahead = self._config.ahead
        model = self._segment or self._smoothing
        self._expected = model.ahead(self._open, ahead)
        halves = self._quantile * np.sqrt(model.variances(ahead) + self._noise)
        self._widths = self._bands.widths(halves)
        self._bands.note(self._open, self._expected, self._widths)

    def _forecast(self) -> Made | None:
        number = self._open or 0
        turn = number // self._config.every
        due = turn > self._told
        self._told = turn
        if self._smoothing is None or not due:
            return None
        made_ns = number * self._config.cell_ns
        expected, widths = self._expected, self._widths
        return Made(made_ns, expected, expected - widths, expected + widths)


def found_season(history: Floats, calendar: tuple[int, ...]) -> int:
    """Points of the season of a series; 0 where none is to be seen.

    A week or a day, if the points so far apart are alike, else the highest peak of the
    autocorrelation. A longer season of the calendar must be clearly better than a shorter one.
    """
    best, likeness = 0, LEAST
    for season in reversed(calendar):
        if 2 * season + SPARE <= history.size:
            found = _correlation(history[season:], history[:-season])
            if found >= likeness:
                best, likeness = season, found + CLEARLY
    return best or find_period(history, history.size // SEASONS)


def _correlation(one: Floats, other: Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size > 0.0 else 0.0


_PLAIN = (
    "open",
    "last_ns",
    "points",
    "mean",
    "squares",
    "near",
    "far",
    "noise",
    "count",
    "next_fit",
    "told",
    "fitted",
    "changed",
    "usual",
)
"""What of the state is a number."""
