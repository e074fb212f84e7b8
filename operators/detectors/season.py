"""The usual course of a week, around a level that moves."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

HOUR_NS = 3_600_000_000_000
HOURS, WEEK = 24, 168
FIRST_DAY = 3
"""1 January 1970 was a Thursday."""
RATE = 0.02
"""Most weight of the newest point, in an hour's mean and in the level."""
HOURS_TO_FORGET = 4.0

Hours = npt.NDArray[np.intp]


class Season(Baseline):
    """Distance from the hour's usual value plus the present level, in that hour's usual distances.

        expected = hourly(t) + level
        residual = (x - expected) / distance[hour of the day]
        level    ← level + max(0.02, 1 / (n + 1)) · (x - hourly(t) - level)

    `hourly` is the mean of the hour of the week, or of the hour of the day until a week was seen,
    interpolated between the middles of the hours. The noise of busy hours may be larger: each hour
    of the day has its own mean distance.

    State: 411 floats. Source: the additive decomposition into season and level of P. Winters,
    "Forecasting sales by exponentially weighted moving averages", Management Science 6 (1960).
    """

    name = "season"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """Means and counts by hour of the day and week, distances by hour, level, points."""
        return {
            "day": Memory((HOURS,), np.float64, np.nan),
            "day_count": Memory((HOURS,), np.float64, 0.0),
            "distance": Memory((HOURS,), np.float64, 0.0),
            "week": Memory((WEEK,), np.float64, np.nan),
            "week_count": Memory((WEEK,), np.float64, 0.0),
            "level": Memory((), np.float64, 0.0),
            "count": Memory((), np.float64, 0.0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        hourly = self._hourly(arrays, slots, t_ns)
        level = arrays["level"][slots]
        distance = arrays["distance"][slots, t_ns // HOUR_NS % HOURS]
        moves = distance > 0.0
        deviation = x - hourly - level
        units = np.where(moves, deviation / np.where(moves, distance, 1.0), np.nan)
        return units[:, None], (hourly + level)[:, None]

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        hourly = self._hourly(arrays, slots, t_ns)
        beyond = x - _or(hourly, x)
        level, count = arrays["level"][slots], arrays["count"][slots]
        rate = np.minimum(RATE, cadence / (HOURS_TO_FORGET * 3600.0))
        day, week = _hours(t_ns)
        seen = arrays["day_count"][slots, day]
        at = slots, day
        distance = blend(arrays["distance"][at], np.abs(beyond - level), rate, seen)
        arrays["distance"][at] = distance
        arrays["day"][at] = blend(_or(arrays["day"][at], x), x, rate, seen)
        arrays["day_count"][at] = seen + 1.0
        at = slots, week
        seen = arrays["week_count"][at]
        arrays["week"][at] = blend(_or(arrays["week"][at], x), x, rate, seen)
        arrays["week_count"][at] = seen + 1.0
        arrays["level"][slots] = blend(level, beyond, RATE, count)
        arrays["count"][slots] = count + 1.0

    @staticmethod
    def _hourly(arrays: Arrays, slots: Slots, t_ns: Times) -> Floats:
        part = t_ns % HOUR_NS / HOUR_NS - 0.5
        day, week = _hours(t_ns)
        other = np.where(part > 0.0, 1, -1)
        here = _mean(arrays, slots, day, week)
        there = _mean(arrays, slots, (day + other) % HOURS, (week + other) % WEEK)
        weight = np.abs(part)
        return _or(here * (1.0 - weight) + there * weight, here)


def _hours(t_ns: Times) -> tuple[Hours, Hours]:
    """Hour of the day and of the week, Monday's first being 0."""
    hour = t_ns // HOUR_NS
    return hour % HOURS, (hour + FIRST_DAY * HOURS) % WEEK


def _mean(arrays: Arrays, slots: Slots, day: Hours, week: Hours) -> Floats:
    return _or(arrays["week"][slots, week], arrays["day"][slots, day])


def _or(values: Floats, others: Floats) -> Floats:
    """The others where the values are NaN."""
    known: Floats = np.where(np.isnan(values), others, values)
    return known
