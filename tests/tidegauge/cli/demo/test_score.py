"""Windows are 10 s long; times are seconds since the epoch."""

import pytest

from dataflows.simulation.faults import FaultKind
from dataflows.simulation.truth import Truth
from tidegauge.cli._demo.records import Firing
from tidegauge.cli._demo.score import Score, explanation, score

S = 1_000_000_000
OVERHEATING = Truth("mill-1", FaultKind.OVERHEATING, 100 * S, 200 * S)
KNOCK = Truth("pump-2", FaultKind.KNOCK, 300 * S, 300 * S + 1)


def firing(alert: str, machine: str, start_s: int, end_s: int) -> Firing:
    return Firing(alert, machine, start_s * S, end_s * S, 6, "")


def test_a_fault_is_found_when_the_alert_of_its_kind_begins_during_it() -> None:
    scored = score([OVERHEATING], [firing("overheating", "mill-1", 130, 170)])
    assert scored == Score([OVERHEATING], [], [])


@pytest.mark.parametrize(("start_s", "found"), [(99, 0), (100, 1), (220, 1), (221, 0)])
def test_an_alert_counts_until_two_windows_after_the_end(start_s: int, found: int) -> None:
    scored = score([OVERHEATING], [firing("overheating", "mill-1", start_s, start_s + 10)])
    assert (len(scored.found), len(scored.false_alarms)) == (found, 1 - found)


def test_an_alert_of_another_machine_is_false() -> None:
    alarm = firing("overheating", "mill-2", 130, 170)
    assert score([OVERHEATING], [alarm]) == Score([], [OVERHEATING], [alarm])


def test_another_alert_may_be_explained_without_finding_the_fault() -> None:
    warm = firing("getting_warm", "mill-1", 110, 120)
    assert explanation(warm, [OVERHEATING]) == OVERHEATING
    assert score([OVERHEATING], [warm]) == Score([], [OVERHEATING], [])


def test_an_alert_that_the_kind_does_not_explain_is_false() -> None:
    alarm = firing("shaking", "mill-1", 110, 120)
    assert score([OVERHEATING], [alarm]).false_alarms == [alarm]


def test_firings_in_neighbouring_windows_are_one_alarm() -> None:
    flapping = [firing("shaking", "mill-1", start_s, start_s) for start_s in (500, 520, 540, 570)]
    alarms = score([], flapping).false_alarms
    assert [(alarm.start_ns // S, alarm.end_ns // S) for alarm in alarms] == [
        (500, 540),
        (570, 570),
    ]


@pytest.mark.parametrize(
    ("found", "missed", "false", "passed"),
    [(9, 1, 2, True), (10, 0, 0, True), (8, 1, 0, False), (10, 0, 3, False)],
)
def test_nine_of_ten_found_and_two_false_alarms_are_good_enough(
    found: int, missed: int, false: int, *, passed: bool
) -> None:
    alarms = [firing("knock", "pump-2", 10, 10)] * false
    assert Score([KNOCK] * found, [KNOCK] * missed, alarms).passed is passed
