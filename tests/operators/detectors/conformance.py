"""What every detector must keep to, whatever its mathematics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from operators.detectors.contract import Detector, Floats, Slots, State, Times, Verdicts
from tests.operators.keygroups.engine import pickled
from tidegauge.errors import UserMistake

STEP_NS = 1_800 * 10**9
STEPS, SERIES = 70, 5


@dataclass(frozen=True, slots=True)
class Make:
    """A member of the family and what it promises.

    Attributes:
        new: a detector without series.
        warm_up: points that a series is not judged for.
        threshold: score that no anomaly is below.
        finds: whether it looks for spikes and shifts; others need other data.
        settled: points after which a new level is no anomaly any more; None where a shift is
            judged otherwise.
    """

    new: Callable[[], Detector]
    warm_up: int = 8
    threshold: float = 6.0
    finds: bool = True
    settled: int | None = 24

    def __call__(self) -> Detector:
        """A detector without series."""
        return self.new()


def points() -> Floats:
    """A row a step: noise, noise with spikes, a level shift, mostly one value, and gaps."""
    rng = np.random.default_rng(11)
    x: Floats = rng.normal(50.0, 2.0, (STEPS, SERIES))
    x[::17, 1] += 40.0
    x[30:, 2] += 60.0
    x[:, 3] = np.where(rng.random(STEPS) < 0.1, 9.0, 7.0)
    x[rng.random(STEPS) < 0.3, 4] = np.nan
    x[5, 4] = np.inf
    return x


def step(detector: Detector, slots: Slots, x: Floats, at: int) -> Verdicts:
    t_ns: Times = np.full(slots.size, at * STEP_NS, np.int64)
    detector.grow(int(slots.max()) + 1)
    verdicts = detector.score(slots, x, t_ns)
    detector.learn(slots, x, t_ns, verdicts)
    return verdicts


def run(detector: Detector, x: Floats, first: int = 0) -> list[Verdicts]:
    """All series in one call a step."""
    slots = np.arange(x.shape[1])
    return [step(detector, slots, x[at], at) for at in range(first, len(x))]


def columns(verdicts: Verdicts) -> list[Any]:
    """Its arrays themselves; `astuple` would copy each."""
    return [getattr(verdicts, name) for name in Verdicts.__slots__]


def same(one: Sequence[Verdicts], other: Sequence[Verdicts]) -> bool:
    pairs = zip(
        (column for verdicts in one for column in columns(verdicts)),
        (column for verdicts in other for column in columns(verdicts)),
        strict=True,
    )
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


def same_state(one: State, other: State) -> bool:
    return one["arrays"].keys() == other["arrays"].keys() and all(
        np.array_equal(held, other["arrays"][key], equal_nan=held.dtype.kind == "f")
        for key, held in one["arrays"].items()
    )


def scoring_changes_nothing(make: Make) -> None:
    detector, x = make(), points()
    slots = np.arange(SERIES)
    for at in range(STEPS):
        detector.grow(SERIES)
        before = detector.snapshot()
        t_ns: Times = np.full(SERIES, at * STEP_NS, np.int64)
        verdicts = detector.score(slots, x[at], t_ns)
        assert same_state(before, detector.snapshot())
        assert same([verdicts], [detector.score(slots, x[at], t_ns)])
        detector.learn(slots, x[at], t_ns, verdicts)


def the_same_points_give_the_same_verdicts(make: Make) -> None:
    assert same(run(make(), points()), run(make(), points()))


def a_restart_at_any_point_changes_nothing(make: Make) -> None:
    x = points()
    whole = run(make(), x)
    detector, before = make(), 0
    for cut in range(1, STEPS, 7):
        run(detector, x[:cut], before)
        before = cut
        resumed = make()
        resumed.restore(pickled(detector.snapshot()))
        assert same(run(resumed, x, cut), whole[cut:])


def a_call_may_hold_any_number_of_points(make: Make) -> None:
    """Later points of a call say nothing about earlier ones."""
    x = points()
    whole = run(make(), x)
    at, slots = np.divmod(np.arange(x.size), SERIES)
    for order in (np.arange(x.size), np.argsort(slots, kind="stable")):
        detector = make()
        detector.grow(SERIES)
        judged = detector.judge(slots[order], x.reshape(-1)[order], at[order] * STEP_NS)
        back = np.argsort(order)
        for step_at, verdicts in enumerate(whole):
            here = back[step_at * SERIES : (step_at + 1) * SERIES]
            assert same([verdicts], [Verdicts(*(c[here] for c in columns(judged)))])


def a_snapshot_does_not_change_afterwards(make: Make) -> None:
    detector, x = make(), points()
    run(detector, x[:30])
    snapshot = detector.snapshot()
    kept = pickled(snapshot)
    run(detector, x, 30)
    assert same_state(snapshot, kept)
    resumed = make()
    resumed.restore(snapshot)
    run(resumed, x, 30)
    assert same_state(snapshot, kept)


def a_series_is_judged_alike_alone_and_among_others(make: Make) -> None:
    x = points()
    together = run(make(), x)
    one_by_one, order = make(), [3, 0, 4, 2, 1]
    for at in range(STEPS):
        for series in order:
            slot = np.array([order.index(series)])
            alone = step(one_by_one, slot, x[at, [series]], at)
            among = Verdicts(*(column[[series]] for column in columns(together[at])))
            assert same([alone], [among])


def a_new_series_does_not_disturb_the_others(make: Make) -> None:
    x = points()
    detector = make()
    few = run(detector, x[:20, :2])
    few += [
        Verdicts(*(column[:2] for column in columns(verdicts))) for verdicts in run(detector, x, 20)
    ]
    assert same(few, run(make(), x[:, :2]))


def nothing_is_judged_while_a_series_warms_up(make: Make) -> None:
    x = points()
    judged = np.array([verdicts.judged for verdicts in run(make(), x)])
    learned = np.cumsum(np.isfinite(x), axis=0) - np.isfinite(x)
    assert not judged[learned < make.warm_up].any()
    assert judged[np.isfinite(x) & (learned >= make.warm_up)].all()


def what_is_no_number_is_neither_judged_nor_learned(make: Make) -> None:
    detector, x = make(), points()
    run(detector, x)
    before = detector.snapshot()
    nothing = np.array([np.nan, np.inf, -np.inf, np.nan, np.nan])
    verdicts = step(detector, np.arange(SERIES), nothing, STEPS)
    assert not verdicts.judged.any()
    assert not verdicts.anomalous.any()
    assert same_state(before, detector.snapshot())


def anomalies_lie_outside_the_band_and_score_above_the_threshold(make: Make) -> None:
    found = 0
    for at, verdicts in enumerate(run(make(), points())):
        x, anomalous = points()[at], verdicts.anomalous
        outside = (x < verdicts.lower) | (x > verdicts.upper)
        assert not (anomalous & ~verdicts.judged).any()
        assert (verdicts.score[anomalous] >= make.threshold).all()
        if make.finds:
            assert not (anomalous & ~outside).any()
            ups = (x > verdicts.expected)[anomalous]
            assert (verdicts.direction[anomalous] == np.where(ups, 1, -1)).all()
            found += int(anomalous.sum())
    assert found > 0 or not make.finds


def a_level_shift_is_found_and_then_learned(make: Make) -> None:
    rng = np.random.default_rng(5)
    x: Floats = rng.normal(0.0, 1.0, (300, 3))
    x[100:] += np.array([-30.0, 30.0, 500.0])
    anomalous = np.array([verdicts.anomalous for verdicts in run(make(), x)])
    if make.settled is not None:
        assert anomalous[100:103].all()
        assert not anomalous[100 + make.settled :].any()
    elif make.finds:
        assert anomalous[100:103].any(axis=0).all()
        assert anomalous[103:].mean() < 0.05


def a_state_of_another_version_is_refused(make: Make) -> None:
    snapshot = make().snapshot()
    for other in ({"version": snapshot["version"] + 1}, {"detector": "another"}):
        with pytest.raises(UserMistake, match=r"saved state: detector .*recovery directory"):
            make().restore(snapshot | other)


CHECKS: tuple[Callable[[Make], None], ...] = (
    scoring_changes_nothing,
    the_same_points_give_the_same_verdicts,
    a_restart_at_any_point_changes_nothing,
    a_call_may_hold_any_number_of_points,
    a_snapshot_does_not_change_afterwards,
    a_series_is_judged_alike_alone_and_among_others,
    a_new_series_does_not_disturb_the_others,
    nothing_is_judged_while_a_series_warms_up,
    what_is_no_number_is_neither_judged_nor_learned,
    anomalies_lie_outside_the_band_and_score_above_the_threshold,
    a_level_shift_is_found_and_then_learned,
    a_state_of_another_version_is_refused,
)
