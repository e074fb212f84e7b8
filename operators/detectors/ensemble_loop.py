"""The arithmetic of the ensemble for one series in plain floats.

Operation by operation that of the arrays, so that results agree to the last bit; a test compares
the two. Arrays cost the same for one series as for a hundred, which is too much for one.
"""

from collections.abc import Sequence
from math import copysign
from typing import Any

import numpy as np
import numpy.typing as npt

from operators.detectors import alarm_level, echo
from operators.detectors.contract import LARGEST, Verdicts
from operators.detectors.loop_density import Stream
from operators.detectors.loop_parts import Cadence, Day, Levels, Runs, Season, Spread
from operators.detectors.loop_quiet import Quiet
from operators.detectors.quiet import ALWAYS, ITS_SHARE, KNOWN, LASTING, OFTEN
from operators.detectors.rarity import BAND, MOST, WEEK_S, RarityConfig

State = dict[str, npt.NDArray[Any]]
Told = tuple[bool, float, float, float, float, int, bool, bool, int]
"""Verdict on a point, in the order of the fields of `Verdicts`."""

_NAN = float("nan")
_ECHO_POINTS_NS = echo.ECHO_POINTS * 1e9
_ECHO_NS = float(echo.ECHO_NS)
_UNJUDGED: Told = (False, 0.0, _NAN, _NAN, _NAN, 0, False, False, 0)


class SeriesLoop:
    """One series, taken out of the arrays, run through points and put back.

    Args:
        arrays: state of the ensemble.
        slot: the series.
        config: settings of the ensemble.
    """

    def __init__(self, arrays: State, slot: int, config: RarityConfig) -> None:
        self._arrays, self._slot, self._config = arrays, slot, config
        state = {key: held[slot].tolist() for key, held in arrays.items()}
        self._points: float = state["points"]
        self._level: float = state["alarm.level"]
        self._blocks: float = state["alarm.blocks"]
        self._highest: float = state["alarm.highest"]
        self._filled: float = state["alarm.filled"]
        self._event: float = state["echo.event"]
        self._event_ns: int = state["echo.event_ns"]
        self._quiet = Quiet(state)
        self._parts = (
            Levels(state),
            Day(state),
            Spread(state),
            Runs(state),
            Season(state),
            Cadence(state),
        )
        self._streams = [Stream(state, number) for number in range(len(state["density.scale"]))]

    def run(self, x: Sequence[float], t_ns: Sequence[int]) -> Verdicts:
        """Score and learn point after point."""
        told = [
            self._step(point, at) if -LARGEST <= point <= LARGEST else _UNJUDGED
            for point, at in zip(x, t_ns, strict=True)
        ]
        judged, score, expected, lower, upper, direction, anomalous, lasts, since_ns = zip(
            *told, strict=True
        )
        return Verdicts(
            np.array(judged, np.bool_),
            np.array(score, np.float64),
            np.array(expected, np.float64),
            np.array(lower, np.float64),
            np.array(upper, np.float64),
            np.array(direction, np.int8),
            np.array(anomalous, np.bool_),
            np.array(lasts, np.bool_),
            np.array(since_ns, np.int64),
        )

    def store(self) -> None:
        """Put the series back."""
        state: dict[str, Any] = {
            "points": self._points,
            "alarm.level": self._level,
            "alarm.blocks": self._blocks,
            "alarm.highest": self._highest,
            "alarm.filled": self._filled,
            "echo.event": self._event,
            "echo.event_ns": self._event_ns,
        }
        for part in (*self._parts, self._quiet):
            state |= part.state()
        for key in ("mass", "weight", "seen", "scale"):
            state[f"density.{key}"] = [getattr(stream, key) for stream in self._streams]
        for key, held in state.items():
            self._arrays[key][self._slot] = held

    def _step(self, x: float, t_ns: int) -> Told:
        levels, day, spread, runs, season, cadence = self._parts
        gap = cadence.gap
        scale = self._streams[0].scale
        new_gap = cadence.step(t_ns)
        fast, slow, fast_level, slow_level = levels.step(x)
        daily, of_day = day.step(x, t_ns, new_gap)
        restless, level = spread.step(x)
        still, ended, last = runs.step(x)
        weekly, course = season.step(x, t_ns, new_gap)
        one, two, three, four, five, six = self._streams
        shares = (
            one.step(fast),
            two.step(slow),
            three.step(daily),
            four.step(restless),
            five.share(still),
            six.step(weekly),
        )
        five.learn(ended)
        share = min(shares)
        told = shares.index(share)
        surprise = alarm_level.surprise(share)
        excess = surprise - max(self._level, alarm_level.FLOOR)
        lasts = x == 0.0 and self._quiet.told == LASTING
        weeks = self._quiet.weeks(t_ns)
        decades, usual = self._quiet.step(x, t_ns, gap)
        if x == 0.0 and weeks >= KNOWN and self._quiet.here >= ALWAYS:
            excess = min(excess, alarm_level.COMMON)
        own = alarm_level.DECADES - decades - ITS_SHARE
        by_quiet = (
            decades < 0.0
            and own > excess
            and own > alarm_level.COMMON
            and alarm_level.chance(own) <= self._allowed(gap)
        )
        if by_quiet:
            excess = own
        echoing = min(_ECHO_POINTS_NS * gap, _ECHO_NS)
        repeated = float(t_ns - self._event_ns) < echoing and excess <= self._event + echo.LOUDER
        chance = alarm_level.chance(excess) if excess > alarm_level.COMMON else 1.0
        expected = (fast_level, slow_level, of_day, level, last, course)[told]
        expected = usual if by_quiet or lasts else expected
        verdict = self._verdict(
            x, expected, scale, gap, chance, repeated=repeated, lasts=lasts, by_quiet=by_quiet
        )
        judged, anomalous = verdict[0], verdict[6]
        if not repeated and ((excess > echo.REMEMBERED and not by_quiet) or anomalous):
            self._event, self._event_ns = excess, t_ns
        if (anomalous or (by_quiet and not repeated and judged)) and self._quiet.evidence:
            lasting = anomalous and (by_quiet or self._quiet.here < OFTEN)
            self._quiet.told = LASTING if lasting else self._quiet.told or 1.0
        self._learn_surprise(surprise)
        self._points += 1.0
        return verdict

    def _verdict(
        self,
        x: float,
        expected: float,
        scale: float,
        gap: float,
        chance: float,
        *,
        repeated: bool,
        lasts: bool,
        by_quiet: bool,
    ) -> Told:
        config = self._config
        score = 0.0 if repeated else 1.0 - chance
        if self._points < config.warm_up:
            return False, score, _NAN, _NAN, _NAN, 0, False, False, 0
        deviation = x - expected
        distance = abs(deviation)
        direction = int(copysign(1.0, deviation)) if deviation else 0
        anomalous = (
            not repeated and chance <= self._allowed(gap) and distance >= config.min_deviation
        )
        if config.direction != "both":
            anomalous = anomalous and direction == (1 if config.direction == "up" else -1)
        half = BAND * scale
        half = min(half, distance * 0.999) if anomalous else max(half, distance)
        lower, upper = expected - half, expected + half
        lasts = lasts and not anomalous
        since_ns = self._quiet.since_ns if lasts or (anomalous and by_quiet) else 0
        return True, score, expected, lower, upper, direction, anomalous, lasts, since_ns

    def _allowed(self, gap: float) -> float:
        return min(self._config.false_alarms_per_week / WEEK_S * gap, MOST)

    def _learn_surprise(self, surprise: float) -> None:
        self._highest = max(self._highest, surprise)
        self._filled += 1.0
        if self._filled >= alarm_level.BLOCK:
            self._blocks = min(self._blocks + 1.0, alarm_level.MOST_BLOCKS)
            highest = min(self._highest, alarm_level.CEILING)
            self._level += (highest - self._level) / self._blocks
            self._highest = self._filled = 0.0
