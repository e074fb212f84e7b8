"""The simulated year: what it injects and how it counts."""

import numpy as np

from benchmarks.simulated_series import DAY, KINDS, WEEK, Event
from benchmarks.simulated_year import describe, false_alarms, run, simulate


def test_every_kind_is_injected_after_the_learning_weeks() -> None:
    x, events = simulate(seed=1, clean=2, each=1, weeks=12)
    assert x.shape == (12 * WEEK, 2 + len(KINDS))
    assert {event.kind for event in events} == set(KINDS)
    assert all(6 * WEEK <= event.first < 12 * WEEK for event in events)
    assert all(event.series >= 2 for event in events)


def test_recall_delay_and_other_alarms_are_counted() -> None:
    alarms = np.zeros((10 * WEEK, 1), np.bool_)
    events = [Event("dip", 0, 7 * WEEK, 3), Event("dip", 0, 8 * WEEK, 3)]
    alarms[[7 * WEEK + 1, 7 * WEEK + DAY, 9 * WEEK]] = True
    assert describe("dip", alarms, events) == "| dip | 2 | 0.50 | 10 min | 10 min | 0.10 |"
    assert false_alarms(alarms).tolist() == [0.3]


def test_the_default_detector_alarms_at_most_once_a_week_on_clean_series() -> None:
    x, _ = simulate(seed=3, clean=1, each=1, weeks=12)
    assert false_alarms(run(x[:, :3])).max() <= 1.0
