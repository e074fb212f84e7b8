"""What each stream of the ensemble rests on, in plain floats; each `step` tells it, then learns.

Every operation is the one that the arrays do, in the same order: see the modules named as the
classes for what they mean.
"""

# ruff: noqa: FURB136  # a call of max costs more than the arithmetic around it

from math import isnan
from typing import Any

from operators.detectors import cadence, levels, profile, runs, season, spread

Values = dict[str, Any]

_NAN = float("nan")
_FORGET_S = profile.HOURS_TO_FORGET * 3600.0

# Names of this module are found sooner than those of others.
_SEASON_HOUR_NS = season.HOUR_NS
_SEASON_FIRST_DAY = season.FIRST_DAY
_SEASON_RATE = season.RATE
_PROFILE_DAY_NS = profile.DAY_NS
_PROFILE_PART_NS = profile.PART_NS
_PROFILE_RATE = profile.RATE
_RUNS_SHORTEST = runs.SHORTEST
_RUNS_OFTEN = runs.OFTEN
_RUNS_LEAST = runs.LEAST
_RUNS_LONGEST = runs.LONGEST
_RUNS_RATE = runs.RATE
_SPREAD_RATE = spread.RATE
_SPREAD_LEVEL_RATE = spread.LEVEL_RATE
_CADENCE_FIRST = cadence.FIRST
_CADENCE_PATIENCE = cadence.PATIENCE
_CADENCE_RATE = cadence.RATE
_FAST, _SLOW = levels.RATES


class Levels:
    """`levels.Levels`."""

    def __init__(self, state: Values) -> None:
        self.fast, self.slow = state["levels.level"]
        self.count: float = state["levels.count"]

    def step(self, x: float) -> tuple[float, float, float, float]:
        """Distances from the fast and the slow level, and the levels."""
        fast, slow, rate = self.fast, self.slow, 1.0 / (self.count + 1.0)
        off_fast, off_slow = x - fast, x - slow
        self.fast = fast + (_FAST if rate < _FAST else rate) * off_fast
        self.slow = slow + (_SLOW if rate < _SLOW else rate) * off_slow
        self.count += 1.0
        if self.count == 1.0:
            return _NAN, _NAN, _NAN, _NAN
        return off_fast, off_slow, fast, slow

    def state(self) -> Values:
        """As the arrays hold it."""
        return {"levels.level": (self.fast, self.slow), "levels.count": self.count}


class Day:
    """`profile.DayProfile`."""

    def __init__(self, state: Values) -> None:
        self.mean: list[float] = state["day.mean"]
        self.count: list[float] = state["day.count"]

    def step(self, x: float, t_ns: int, gap: float) -> tuple[float, float]:
        """Distance from what is usual in this part of the day, and what that is."""
        part = t_ns % _PROFILE_DAY_NS // _PROFILE_PART_NS
        mean, count = self.mean[part], self.count[part]
        rate, most = 1.0 / (count + 1.0), min(_PROFILE_RATE, gap / _FORGET_S)
        self.mean[part] = mean + (most if rate < most else rate) * (x - mean)
        self.count[part] = count + 1.0
        return (x - mean, mean) if count > 0.0 else (_NAN, _NAN)

    def state(self) -> Values:
        """As the arrays hold it."""
        return {"day.mean": self.mean, "day.count": self.count}


class Spread:
    """`spread.Spread`."""

    def __init__(self, state: Values) -> None:
        self.level: float = state["spread.level"]
        self.spread: float = state["spread.spread"]
        self.count: float = state["spread.count"]

    def step(self, x: float) -> tuple[float, float]:
        """Recent mean movement, and the level."""
        level, moves, count = self.level, self.spread, self.count
        rate = 1.0 / (count + 1.0)
        moved = abs(x - level) if count > 0.0 else 0.0
        self.spread = moves + (_SPREAD_RATE if rate < _SPREAD_RATE else rate) * (moved - moves)
        most = _SPREAD_LEVEL_RATE if rate < _SPREAD_LEVEL_RATE else rate
        self.level = level + most * (x - level)
        self.count = count + 1.0
        return moves if count > 1.0 else _NAN, level if count > 0.0 else _NAN

    def state(self) -> Values:
        """As the arrays hold it."""
        return {
            "spread.level": self.level,
            "spread.spread": self.spread,
            "spread.count": self.count,
        }


class Runs:
    """`runs.Runs`."""

    def __init__(self, state: Values) -> None:
        self.last: float = state["runs.last"]
        self.run: float = state["runs.run"]
        self.repeats: float = state["runs.repeats"]
        self.count: float = state["runs.count"]

    def step(self, x: float) -> tuple[float, float, float]:
        """Equal points in a row beyond what is nothing, those of an ended run, the last value."""
        last, same, run = self.last, x == self.last, self.run
        nothing = _RUNS_SHORTEST / max(1.0 - self.repeats / _RUNS_OFTEN, _RUNS_LEAST)
        ended = _NAN if same or not run else max(run - nothing, 0.0) + 1.0
        run = run + 1.0 if same else 1.0
        beyond = max(run - nothing, 0.0) + 1.0 if run < _RUNS_LONGEST else _NAN
        self.run = min(run, _RUNS_LONGEST)
        rate = 1.0 / (self.count + 1.0)
        rate = _RUNS_RATE if rate < _RUNS_RATE else rate
        self.repeats += rate * ((1.0 if same else 0.0) - self.repeats)
        self.count += 1.0
        self.last = x
        return beyond, ended, last

    def state(self) -> Values:
        """As the arrays hold it."""
        return {
            "runs.last": self.last,
            "runs.run": self.run,
            "runs.repeats": self.repeats,
            "runs.count": self.count,
        }


class Season:
    """`season.Season`."""

    def __init__(self, state: Values) -> None:
        self.day: list[float] = state["season.day"]
        self.day_count: list[float] = state["season.day_count"]
        self.distance: list[float] = state["season.distance"]
        self.week: list[float] = state["season.week"]
        self.week_count: list[float] = state["season.week_count"]
        self.level: float = state["season.level"]
        self.count: float = state["season.count"]

    def step(self, x: float, t_ns: int, gap: float) -> tuple[float, float]:
        """Distance from the week's course in usual ones of the hour, and the course."""
        hours = t_ns // _SEASON_HOUR_NS
        day, week = hours % 24, (hours + _SEASON_FIRST_DAY * 24) % 168
        hourly = self._hourly(t_ns % _SEASON_HOUR_NS / _SEASON_HOUR_NS - 0.5, day, week)
        level, rate = self.level, 1.0 / (self.count + 1.0)
        beyond = x - (x if isnan(hourly) else hourly)
        usual = self.distance[day]
        residual = (x - hourly - level) / usual if usual > 0.0 else _NAN
        self._learn(x, abs(beyond - level), day, week, min(_SEASON_RATE, gap / _FORGET_S))
        self.level = level + (_SEASON_RATE if rate < _SEASON_RATE else rate) * (beyond - level)
        self.count += 1.0
        return residual, hourly + level

    def _hourly(self, part: float, day: int, week: int) -> float:
        here = self._mean(day, week)
        if isnan(here):
            return here
        other = 1 if part > 0.0 else -1
        there = self._mean((day + other) % 24, (week + other) % 168)
        weight = abs(part)
        return here if isnan(there) else here * (1.0 - weight) + there * weight

    def _mean(self, day: int, week: int) -> float:
        mean = self.week[week]
        return self.day[day] if isnan(mean) else mean

    def _learn(self, x: float, distance: float, day: int, week: int, most: float) -> None:
        count = self.day_count[day]
        rate = 1.0 / (count + 1.0)
        rate = most if rate < most else rate
        self.distance[day] += rate * (distance - self.distance[day])
        mean = self.day[day]
        mean = x if isnan(mean) else mean
        self.day[day] = mean + rate * (x - mean)
        self.day_count[day] = count + 1.0
        count = self.week_count[week]
        mean = self.week[week]
        mean = x if isnan(mean) else mean
        rate = 1.0 / (count + 1.0)
        rate = most if rate < most else rate
        self.week[week] = mean + rate * (x - mean)
        self.week_count[week] = count + 1.0

    def state(self) -> Values:
        """As the arrays hold it."""
        return {
            "season.day": self.day,
            "season.day_count": self.day_count,
            "season.distance": self.distance,
            "season.week": self.week,
            "season.week_count": self.week_count,
            "season.level": self.level,
            "season.count": self.count,
        }


class Cadence:
    """`cadence`."""

    def __init__(self, state: Values) -> None:
        self.gap: float = state["cadence.gap"]
        self.gaps: float = state["cadence.gaps"]
        self.last_ns: int = state["cadence.last_ns"]

    def step(self, t_ns: int) -> float:
        """The usual gap, this one included."""
        if self.gaps >= 0.0:
            passed = (t_ns - self.last_ns) / 1e9
            if self.gaps >= _CADENCE_FIRST:
                passed = min(passed, _CADENCE_PATIENCE * self.gap)
            rate = 1.0 / (self.gaps + 1.0)
            self.gap += (_CADENCE_RATE if rate < _CADENCE_RATE else rate) * (passed - self.gap)
        self.gaps += 1.0
        self.last_ns = t_ns
        return self.gap

    def state(self) -> Values:
        """As the arrays hold it."""
        return {
            "cadence.gap": self.gap,
            "cadence.gaps": self.gaps,
            "cadence.last_ns": self.last_ns,
        }
