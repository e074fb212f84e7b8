"""Silence: told soon where it says something, at times at which the series is not quiet anyway."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.silence import of_counts, of_points
from benchmarks.silent_sources import Kind, S, counts, points, silent_from
from operators.detectors.contract import Floats, Times, Verdicts
from operators.detectors.ensemble import Ensemble
from operators.detectors.flat_line import FlatLine
from operators.detectors.rarity import RarityConfig
from tests.operators.detectors.conformance import same, same_state
from tests.operators.keygroups.engine import pickled

DAY_S = 86_400
MINUTE_NS = 60 * S


def told_after_minutes(alarms: Times, kind: Kind) -> float:
    """How long after the silence began it was told."""
    since_ns = silent_from(kind) * S
    after = alarms[alarms > since_ns]
    assert after.size, "not told"
    return float(after[0] - since_ns) / MINUTE_NS


def before(alarms: Times, kind: Kind) -> int:
    """Alarms while nothing was wrong."""
    return int((alarms <= silent_from(kind) * S).sum())


@pytest.mark.parametrize(
    ("mean", "minutes"), [(0.3, 720), (0.5, 360), (1, 180), (3, 120), (10, 60), (30, 60)]
)
def test_a_count_that_falls_to_zero_is_told_when_its_evidence_is_overwhelming(
    mean: float, minutes: float
) -> None:
    kind = Kind("", 600, 5, mean)
    alarms, _ = of_counts(kind, np.random.default_rng(7))
    assert told_after_minutes(alarms, kind) <= minutes
    assert before(alarms, kind) <= 3


@pytest.mark.parametrize("step_s", [60, 3_600])
def test_it_is_told_at_other_cadences_too(step_s: int) -> None:
    kind = Kind("", step_s, 2 if step_s == 60 else 8, 3.0)
    alarms, _ = of_counts(kind, np.random.default_rng(8))
    assert told_after_minutes(alarms, kind) <= 8 * step_s / 60


def test_a_count_in_office_hours_is_silent_each_evening_and_told_only_in_the_morning_it_fails() -> (
    None
):
    kind = Kind("", 600, 6, 30.0, "office")
    alarms, _ = of_counts(kind, np.random.default_rng(9))
    assert told_after_minutes(alarms, kind) <= 120
    learned = alarms[alarms > (silent_from(kind) - 4 * 7 * DAY_S) * S]
    assert before(learned, kind) <= 1


@pytest.mark.parametrize(("step_s", "mean", "zone_h"), [(600, 30.0, 0.0), (120, 3.0, 5.5)])
def test_a_zero_before_the_office_opens_is_usual(step_s: int, mean: float, zone_h: float) -> None:
    kind = Kind("", step_s, 6, mean, "office", zone_h=zone_h)
    alarms, _ = of_counts(kind, np.random.default_rng(20))
    assert told_after_minutes(alarms, kind) <= 30
    learned = alarms[alarms > (silent_from(kind) - 4 * 7 * DAY_S) * S]
    assert before(learned, kind) <= 1


@pytest.mark.parametrize(
    ("missed", "minutes"), [(0.0, 3), (0.001, 6), (0.01, 8), (0.05, 10), (0.2, 15)]
)
def test_a_heartbeat_that_sometimes_misses_a_beat_and_then_stays_away_is_told(
    missed: float, minutes: float
) -> None:
    kind = Kind("", 60, 3 / 7, missed=missed, jitter=0.05)
    ((alarms, _),) = of_points(kind, [np.random.default_rng(10)])
    assert told_after_minutes(alarms, kind) <= minutes * (1 + 4 * (missed < 0.002))
    assert before(alarms, kind) <= 1


def test_jitter_is_no_silence() -> None:
    kind = Kind("", 60, 3 / 7, jitter=1 / 6)
    ((alarms, _),) = of_points(kind, [np.random.default_rng(11)])
    assert told_after_minutes(alarms, kind) <= 20
    assert before(alarms, kind) <= 1


def test_events_in_office_hours_are_told_in_the_morning_and_not_in_the_evening() -> None:
    kind = Kind("", 120, 5, 1.0, "office", events=True)
    ((alarms, _),) = of_points(kind, [np.random.default_rng(12)])
    assert told_after_minutes(alarms, kind) <= 60
    learned = alarms[alarms > (silent_from(kind) - 3 * 7 * DAY_S) * S]
    assert before(learned, kind) == 0


def test_a_job_of_each_night_that_did_not_run_is_told_the_next_day() -> None:
    kind = Kind("", DAY_S, 6, jitter=0.003)
    ((alarms, _),) = of_points(kind, [np.random.default_rng(13)])
    assert told_after_minutes(alarms, kind) <= 36 * 60
    assert before(alarms, kind) == 0


def test_a_silence_is_told_once_however_it_is_asked_for() -> None:
    kind = Kind("", 60, 1 / 7, jitter=0.05)
    t_ns = points(kind, np.random.default_rng(14))
    found = []
    for asked in ([3_600], [90, 91, 200, 1_000, 3_600]):
        detector = following(t_ns)
        told = [detector.fall_silent(np.zeros(1, np.intp), t_ns[-1:] + at * S) for at in asked]
        found.append([time for each in told for time in each.at_ns[~each.again].tolist()])
    assert len(found[0]) == 1
    assert found[0] == found[1]


def following(t_ns: Times) -> FlatLine:
    """A detector that has seen points."""
    detector, slot = FlatLine(RarityConfig()), np.zeros(1, np.intp)
    detector.grow(1)
    for at in t_ns.tolist():
        now = np.array([at], np.int64)
        detector.fall_silent(slot, now)
        detector.turn(slot, np.ones(1), now)
    return detector


def test_zeros_before_an_alarm_of_another_kind_are_not_told_again() -> None:
    kind = Kind("", 600, 5, 30.0)
    alarms, _ = of_counts(kind, np.random.default_rng(15))
    assert (alarms > silent_from(kind) * S).sum() == 1


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_floats_and_arrays_agree_on_zeros_to_the_last_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, series = 300, 3
    x: Floats = rng.poisson(rng.uniform(0.2, 5.0, series), (points, series)).astype(np.float64)
    x[150:200] = 0.0
    t_ns = 1_700_000_000 * S + np.cumsum(rng.integers(1, 10 ** int(rng.integers(10, 14)), points))
    arrays, floats = Ensemble(RarityConfig(warm_up=20)), Ensemble(RarityConfig(warm_up=20))
    arrays.grow(series)
    floats.grow(series)
    turns = [
        arrays.turn(np.arange(series), x[at], np.full(series, t_ns[at])) for at in range(points)
    ]
    for slot in range(series):
        judged = floats.judge(np.full(points, slot), x[:, slot], t_ns)
        columns = ([getattr(turn, name)[slot] for turn in turns] for name in Verdicts.__slots__)
        assert same([judged], [Verdicts(*map(np.array, columns))])
    assert same_state(arrays.snapshot(), floats.snapshot())


def judged_after(detector: Ensemble | FlatLine, t_ns: Times, x: Floats) -> Iterator[float]:
    for at, value in zip(t_ns.tolist(), x.tolist(), strict=True):
        verdicts = detector.turn(np.zeros(1, np.intp), np.array([value]), np.array([at], np.int64))
        yield float(verdicts.score[0])


def test_state_of_an_ensemble_that_knew_no_silence_is_taken_over() -> None:
    t_ns, x = counts(Kind("", 600, 1, 3.0), 600, np.random.default_rng(16))
    detector = Ensemble(RarityConfig())
    detector.grow(1)
    list(judged_after(detector, t_ns[:500], x[:500]))
    state = pickled(detector.snapshot())
    state["version"] = 1
    old = {key: held for key, held in state["arrays"].items() if not key.startswith("quiet.")}
    resumed = Ensemble(RarityConfig())
    resumed.restore(state | {"arrays": old})
    scores = list(judged_after(resumed, t_ns[500:], x[500:]))
    assert scores == pytest.approx(list(judged_after(detector, t_ns[500:], x[500:])), abs=0.01)


@pytest.mark.parametrize("make", [Ensemble, FlatLine])
def test_state_that_knew_no_last_point_before_zeros_is_taken_over(
    make: type[Ensemble] | type[FlatLine],
) -> None:
    detector = make(RarityConfig())
    detector.grow(1)
    t_ns, x = counts(Kind("", 600, 1, 3.0), 600, np.random.default_rng(19))
    list(judged_after(detector, t_ns, x))
    state = pickled(detector.snapshot())
    held = {key: each for key, each in state["arrays"].items() if not key.endswith(".since_ns")}
    resumed = make(RarityConfig())
    resumed.restore(state | {"version": make.version - 1, "arrays": held})
    t_ns, x = t_ns + 10 * DAY_S * S, np.append(x[1:], 3.0)
    assert list(judged_after(resumed, t_ns, x)) == list(judged_after(detector, t_ns, x))


def test_state_of_a_flat_line_that_knew_gaps_alone_is_taken_over() -> None:
    t_ns = points(Kind("", 60, 1 / 7, jitter=0.05), np.random.default_rng(17))
    state = pickled(following(t_ns).snapshot())
    held = {
        key: value
        for key, value in state["arrays"].items()
        if not key.startswith(("absent.", "quiet."))
    }
    wide = {
        key: np.repeat(value, 2, axis=1)
        for key, value in held.items()
        if key.startswith("density.")
    }
    gaps = {
        "gaps.gap": np.array([60.0]),
        "gaps.count": np.array([1_400.0]),
        "gaps.last_ns": t_ns[-1:],
        "gaps.last": np.ones(1),
    }
    resumed = FlatLine(RarityConfig())
    resumed.restore(state | {"version": 2, "arrays": held | wide | gaps})
    silent = resumed.fall_silent(np.zeros(1, np.intp), t_ns[-1:] + 12 * 3_600 * S)
    assert silent.at_ns.size
    assert t_ns[-1] + 60 * S < silent.at_ns[0]


@pytest.mark.parametrize("make", [Ensemble, FlatLine])
@pytest.mark.parametrize("mean", [0.5, 3.0, 200.0])
def test_zeros_that_were_told_last_until_they_end(
    make: type[Ensemble] | type[FlatLine], mean: float
) -> None:
    _, x = counts(Kind("", 600, 3, mean), 600, np.random.default_rng(18))
    x = np.append(np.where(np.arange(x.size) > 2_000, 0.0, x), [mean, 0.0])
    t_ns = 1_700_000_000 * S + np.arange(x.size) * 600 * S
    detector = make(RarityConfig())
    detector.grow(1)
    verdicts = detector.judge(np.zeros(x.size, np.intp), x, t_ns)
    told = np.flatnonzero(verdicts.anomalous[2_000:]) + 2_000
    assert told[0] < x.size - 100
    after = np.arange(told[0] + 1, x.size - 2)
    assert (verdicts.lasts[after] | verdicts.anomalous[after]).all()
    last_ns = t_ns[np.flatnonzero(x[:2_001])[-1]]
    assert (verdicts.quiet_since_ns[after[verdicts.lasts[after]]] == last_ns).all()
    assert not verdicts.quiet_since_ns[-2:].any()
    assert not verdicts.lasts[-2:].any()
    assert not (verdicts.lasts & verdicts.anomalous).any()
