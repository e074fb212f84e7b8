import pytest

from operators.detectors.group import AnomalyGroup
from operators.detectors.plan import plan_anomalies
from tests.operators.detectors.pipelines import PIPELINE, spend, steady
from tests.operators.keygroups.engine import pickled
from tidegauge.errors import UserMistake
from tidegauge.records import RecordBatch

PLANS = plan_anomalies(PIPELINE)


def test_each_anomaly_judges_what_it_reads_and_passes_over_the_rest() -> None:
    group = AnomalyGroup(PLANS, lambda: 0)
    other = RecordBatch("other", spend(steady(3)).frame)
    verdicts = group.take([spend(steady(10)), other])
    assert [(batch.signal, len(batch)) for batch in verdicts] == [
        ("odd_spend", 5),
        ("odd_count", 5),
    ]


def test_nothing_judged_gives_no_batch() -> None:
    assert AnomalyGroup(PLANS, lambda: 0).take([spend(steady(3))]) == []


def test_an_anomaly_that_the_saved_state_does_not_know_begins_anew() -> None:
    before = AnomalyGroup(PLANS[:1], lambda: 0)
    before.take([spend(steady(10))])
    after = AnomalyGroup(PLANS, lambda: 0, pickled(before.snapshot()))
    (verdicts,) = after.take([spend([(10, "north", 1, 100.0)])])
    assert verdicts.signal == "odd_spend"


def test_a_snapshot_of_another_version_is_refused() -> None:
    snapshot = AnomalyGroup(PLANS, lambda: 0).snapshot() | {"version": 99}
    with pytest.raises(UserMistake, match="anomalies have version 99, this program reads 2"):
        AnomalyGroup(PLANS, lambda: 0, snapshot)
