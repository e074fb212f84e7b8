"""What an anomaly can say: detectors and their settings, fields, groups, rates."""

from pathlib import Path

import pytest

from tests.tidegauge.spec.test_mistakes import GOOD, mistakes
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.models import Anomaly

RATES = "a number per hour, day, week or month, such as 1 per week"
RARITY = "false_alarms, warm_up, direction, min_deviation"


def read(said: str) -> Anomaly:
    """The anomaly of a file without mistakes."""
    file = GOOD.replace("unusual: {on: spend.count}", f"unusual: {{{said}}}")
    return parse_pipeline(file, "f.yaml", Path(), {}).anomalies["unusual"]


@pytest.mark.parametrize(
    ("said", "detector"),
    [
        ("on: spend.count", "ensemble"),
        ("on: spend.count, false_alarms: 1 per week, warm_up: 200", "ensemble"),
        ("on: spend.count, threshold: 4", "robust_z"),
        ("on: spend.count, history: 60", "robust_z"),
        ("on: spend.count, warm_up: 5", "robust_z"),
        ("on: [spend.count, spend.failure_rate]", "multivariate"),
        ("on: payments.status, by: [card], detector: rare_category", "rare_category"),
        ("on: spend.count, detector: peers", "peers"),
        ("on: spend.data_points, detector: flat_line, false_alarms: 2 per month", "flat_line"),
    ],
)
def test_the_detector_is_named_or_follows_from_the_settings(said: str, detector: str) -> None:
    assert read(said).judged_by == detector


@pytest.mark.parametrize(
    ("rate", "a_week"), [("1 per week", 1.0), ("0.5 per day", 3.5), ("3 per hour", 504.0)]
)
def test_a_rate_is_a_number_a_week(rate: str, a_week: float) -> None:
    assert read(f"on: spend.count, false_alarms: {rate}").false_alarms == a_week


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        (
            "on: spend.count, detector: ensemble, threshold: 6",
            (
                f"threshold: threshold is no setting of ensemble; allowed: {RARITY},"
                " or detector: robust_z"
            ),
        ),
        (
            "on: spend.count, detector: robust_z, false_alarms: 1 per week",
            (
                "false_alarms: false_alarms is no setting of robust_z; allowed: threshold, warm_up,"
                " history, direction, min_deviation"
            ),
        ),
        (
            "on: spend.count, detector: ewma, warm_up: 5",
            "warm_up: 5 is too few for ewma; allowed: 20 or more",
        ),
        (
            "on: spend.count, false_alarms: weekly",
            f"false_alarms: 'weekly' is no rate: allowed is {RATES}",
        ),
        (
            "on: spend.count, false_alarms: 0 per day",
            "false_alarms: '0 per day': a rate is above 0",
        ),
        (
            "on: [spend.count, spend.failure_rate], detector: ewma",
            "on: ewma is on several fields; allowed: one",
        ),
        (
            "on: spend.count, detector: multivariate",
            "on: multivariate is on one field; allowed: several",
        ),
        (
            "on: [spend.count, payments.amount]",
            (
                "on[1]: payments.amount is of another window or source than spend.count;"
                " allowed: the same"
            ),
        ),
        (
            "on: spend.count, detector: peers, group: [region]",
            "group: a group needs several series; allowed: fewer keys than ['region']",
        ),
        (
            "on: payments.amount, detector: peers, by: [card]",
            (
                "on: peers are compared at the same times; allowed: a field of a tumbling,"
                " sliding or cumulative window"
            ),
        ),
        (
            "on: spend.failure_rate, detector: rare_category",
            "on: spend.failure_rate is a float; allowed: count, data_points",
        ),
    ],
)
def test_what_does_not_fit_is_told(said: str, mistake: str) -> None:
    file = GOOD.replace("unusual: {on: spend.count}", f"unusual: {{{said}}}")
    assert mistakes(file) == [f"24: anomalies.unusual.{mistake}"]
