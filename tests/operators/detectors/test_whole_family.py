"""Every detector as a pipeline file names it: cuts, restarts, silences, peers, labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.detectors.gather import PeerGroup, PeerSplitter
from operators.detectors.group import AnomalyGroup, Heard
from operators.detectors.judge import Judge
from operators.detectors.plan import AnomalyPlan, plan_anomalies
from operators.detectors.registry import make_detector
from operators.detectors.verdicts import ANOMALOUS, REPEATED
from operators.keygroups.assign import KeyGroups
from operators.keygroups.names import group_names
from tests.operators.keygroups.engine import pickled
from tidegauge.batch import END_OF_TIME
from tidegauge.errors import UserMistake
from tidegauge.labels import LEAST, MOST, Label, sensitivity
from tidegauge.records import RecordBatch, Tick
from tidegauge.spec.detectors import SETTINGS
from tidegauge.spec.models import Pipeline

S = 1_000_000_000
STEPS, MACHINES = 160, 5
OFTEN = {"false_alarms": "30 per hour", "warm_up": 20}
PIPELINE = Pipeline.model_validate(
    {
        "version": 1,
        "pipeline": "test",
        "sources": {
            "readings": {
                "kafka": {"topic": "readings"},
                "event_time": {"field": "ts"},
                "fields": {
                    "machine": {"type": "string"},
                    "heat": {"type": "float"},
                    "load": {"type": "float"},
                    "status": {"type": "string"},
                },
            }
        },
        "windows": {
            "warmth": {
                "from": "readings",
                "tumbling": {"size": "1s"},
                "by": ["machine"],
                "select": {"heat": "avg(heat)", "load": "avg(load)", "status": "last(status)"},
            }
        },
        "anomalies": {
            name: {"on": "warmth.heat", "detector": name, **OFTEN}
            for name in SETTINGS
            if name not in ("robust_z", "multivariate", "rare_category")
        }
        | {
            "robust_z": {"on": "warmth.heat", "detector": "robust_z"},
            "multivariate": {"on": ["warmth.heat", "warmth.load"], **OFTEN},
            "rare_category": {"on": "warmth.status", "detector": "rare_category", **OFTEN},
        },
    }
)
PLANS = {plan.name: plan for plan in plan_anomalies(PIPELINE)}
HOT, STOPS, RETURNS = 100, 120, 150
"""m0 gets hot; m1 falls silent, and returns."""


@cache
def rows() -> pl.DataFrame:
    """A row a second and machine."""
    rng = np.random.default_rng(3)
    at, machine = np.divmod(np.arange(STEPS * MACHINES), MACHINES)
    load = rng.normal(50.0, 5.0, at.size)
    hot = (at == HOT) & (machine == 0)
    frame = pl.DataFrame(
        {
            "time_ns": (at + 1) * S,
            "machine": [f"m{number}" for number in machine],
            "heat": load + rng.normal(0.0, 0.5, at.size) + 80.0 * hot,
            "load": load,
            "status": np.where(hot, "burning", "well"),
            "start_ns": at * S,
            "revision": np.zeros(at.size, np.int64),
        }
    )
    gone = (machine == 1) & (at >= STOPS) & (at < RETURNS)
    return frame.filter(~pl.Series(gone))


def items(plan: AnomalyPlan, cuts: Sequence[int]) -> Iterator[Heard]:
    """The rows cut at seconds, each part followed by how far time has come."""
    ends = sorted({*cuts, STEPS})
    for start, end in zip([0, *ends], ends, strict=False):
        part = rows().filter(pl.col("time_ns").is_between(start * S, end * S, closed="right"))
        yield RecordBatch(plan.reads, part)
        yield Tick(frozenset({plan.origin}), "", end * S)


def judged(plan: AnomalyPlan, cuts: Sequence[int], *, resumed: bool = False) -> list[Any]:
    """All verdicts, in one order."""
    group, found = AnomalyGroup([plan], lambda: 0), []
    for item in items(plan, cuts):
        found += [row for batch in group.take([item]) for row in batch.frame.iter_rows()]
        if resumed:
            group = AnomalyGroup([plan], lambda: 0, pickled(group.snapshot()))
    return sorted(found, key=lambda row: (row[0], row[2]))


def test_the_names_are_those_of_the_detectors() -> None:
    for name, plan in PLANS.items():
        assert make_detector(plan.anomaly, lambda slots: slots).name == name


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=5, deadline=None)
@given(cuts=st.lists(st.integers(1, STEPS), max_size=12))
def test_any_cut_and_any_restarts_give_the_same(name: str, cuts: list[int]) -> None:
    assert judged(PLANS[name], cuts, resumed=True) == judged(PLANS[name], [])


@pytest.mark.parametrize("name", ["ensemble", "ewma", "robust_z", "peers", "rare_category"])
def test_what_is_odd_is_found_with_its_reason(name: str) -> None:
    (row,) = [row for row in found(name) if row["time_ns"] == (HOT + 1) * S]
    assert row["machine"] == "m0"
    assert row["detector"] == name
    told = {"peers": "unusually far above its group", "rare_category": "burning hardly ever comes"}
    assert row["reason"] == told.get(name, "above what is usual")
    assert (row["value"] is None) == (name == "rare_category")


def test_signals_that_do_not_go_together_are_told_with_their_distance() -> None:
    (row,) = [row for row in found("multivariate") if row["time_ns"] == (HOT + 1) * S]
    assert (row["field"], row["reason"]) == ("heat, load", "unusual together")
    assert row["value"] > row["upper"]


def test_a_silence_is_one_anomaly_and_its_end_is_none() -> None:
    (row,) = [row for row in found("flat_line") if row["machine"] == "m1"]
    assert STOPS + 1 < row["time_ns"] / S <= STOPS + 10
    since = f"1970-01-01T00:0{STOPS // 60}:00.000Z"
    assert row["reason"] == f"nothing since {since}, usually every 1s"
    assert row["score"] > 0.99


def test_a_silence_that_lasts_is_repeated_for_alerts_but_not_for_ever() -> None:
    judge = Judge(PLANS["flat_line"])
    judge.judge(rows(), 0)
    told = judge.silent((STEPS + 10 * 86_400) * S, 0)
    assert told is not None
    own = told.filter(pl.col("machine") == "m0")
    assert own[ANOMALOUS].all()
    assert own.filter(~pl.col(REPEATED)).height == 1
    assert 90 <= own.filter(REPEATED).height <= 96
    assert judge.silent((STEPS + 20 * 86_400) * S, 0) is None


def test_the_end_of_a_bounded_run_is_no_silence() -> None:
    plan = PLANS["flat_line"]
    group = AnomalyGroup([plan], lambda: 0)
    group.take([RecordBatch(plan.reads, rows())])
    assert group.take([Tick(frozenset({plan.origin}), "", END_OF_TIME)]) == []


def found(name: str) -> list[dict[str, Any]]:
    """The anomalies."""
    group = AnomalyGroup([PLANS[name]], lambda: 0)
    batches = group.take(items(PLANS[name], [30, 60, 90, 125, 140]))
    frames = [batch.frame.filter(pl.col(ANOMALOUS) & ~pl.col(REPEATED)) for batch in batches]
    return [row for frame in frames for row in frame.to_dicts()]


def label(at_s: int, *, right: bool, effective_s: int, given: int = 0) -> Label:
    return Label("ensemble", ("m0",), at_s * S, right, effective_s * S, given)


def test_labels_move_the_sensitivity_within_bounds() -> None:
    wrong = [label(at, right=False, effective_s=10 + at) for at in range(8)]
    assert [sensitivity(wrong, (9 + at) * S) for at in range(4)] == [1.0, 0.5, 0.25, 0.125]
    assert sensitivity(wrong, 99 * S) == LEAST
    right = [label(at, right=True, effective_s=10) for at in range(8)]
    assert sensitivity(right, 10 * S) == MOST
    again = [*wrong[:1], label(0, right=True, effective_s=50)]
    assert sensitivity(again, 99 * S) == 2.0


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, STEPS), max_size=6), resumed=st.booleans())
def test_a_label_counts_from_its_time_on_however_points_are_cut(
    cuts: list[int], *, resumed: bool
) -> None:
    plan = PLANS["ensemble"]
    group, moved = AnomalyGroup([plan], lambda: 0), []
    for item in [label(3, right=False, effective_s=70), *items(plan, cuts)]:
        moved += [row for batch in group.take([item]) for row in batch.frame.to_dicts()]
        if resumed:
            group = AnomalyGroup([plan], lambda: 0, pickled(group.snapshot()))
    assert {(row["sensitivity"], row["machine"] == "m0" and row["time_ns"] >= 70 * S)
            for row in moved} == {(1.0, False), (0.5, True)}  # fmt: skip


def test_wrong_labels_raise_the_threshold() -> None:
    """Of distances and of rarities; a right one lowers it."""
    for name in ("robust_z", "ensemble"):
        counts = [_alarms(name, right=right, labels=4) for right in (True, None, False)]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > counts[2]


def _alarms(name: str, *, right: bool | None, labels: int) -> int:
    plan = PLANS[name]
    rng = np.random.default_rng(9)
    at = np.arange(3_000)
    frame = pl.DataFrame(
        {
            "time_ns": (at + 1) * S,
            "machine": "m0",
            "heat": rng.standard_t(3, at.size),
            "start_ns": at * S,
            "revision": np.zeros(at.size, np.int64),
        }
    )
    judge = Judge(plan)
    for number in range(labels if right is not None else 0):
        judge.label(Label(name, ("m0",), number, bool(right), 0, number))
    return int(judge.judge(frame, 0)[ANOMALOUS].sum())


def test_state_of_the_version_before_is_taken_over() -> None:
    plan = PLANS["robust_z"]
    group = AnomalyGroup([plan], lambda: 0)
    group.take(items(plan, []))
    now = pickled(group.snapshot())
    judges = {name: {k: v for k, v in one.items() if k != "sensitivity"}
              for name, one in now["anomalies"].items()}  # fmt: skip
    before = AnomalyGroup([plan], lambda: 0, {"version": 1, "anomalies": judges})
    again = RecordBatch(plan.reads, rows().with_columns(pl.col("time_ns") + STEPS * S))
    (one,), (other,) = group.take([again]), before.take([again])
    assert one.frame.equals(other.frame)


def test_state_of_another_detector_is_refused_with_what_to_write() -> None:
    snapshot = AnomalyGroup([PLANS["robust_z"]], lambda: 0).snapshot()
    snapshot["anomalies"] = {"ensemble": snapshot["anomalies"]["robust_z"]}
    with pytest.raises(UserMistake, match="write detector: robust_z to go on"):
        AnomalyGroup([PLANS["ensemble"]], lambda: 0, snapshot)


@dataclass
class Cluster:
    """Key groups of windows, of which each batch and tick is dealt to the groups of peers."""

    groups: int = 4

    def judged(self, order: Sequence[int]) -> list[Any]:
        """Verdicts where the key groups come in an order, some far behind others."""
        plan, names = PLANS["peers"], group_names(self.groups)
        split = PeerSplitter("warmth", plan.reads, (), self.groups)
        gathers = {name: PeerGroup(plan.by, self.groups) for name in names}
        group, found = AnomalyGroup([plan], lambda: 0), []
        parts = dict(KeyGroups(self.groups).split(rows(), ["machine"]))
        for number in order:
            part = parts.get(number, rows().clear())
            tick = Tick(frozenset({"warmth"}), names[number], STEPS * S)
            for name, item in split([(names[number], RecordBatch("warmth", part)), ("", tick)]):
                gathers[name] = PeerGroup(plan.by, self.groups, pickled(gathers[name].snapshot()))
                found += [row for batch in group.take(gathers[name].take([item]))
                          for row in batch.frame.iter_rows()]  # fmt: skip
        return found


def test_peers_of_all_key_groups_meet_whoever_is_first() -> None:
    one = Cluster().judged([0, 1, 2, 3])
    assert one == Cluster().judged([3, 1, 0, 2])
    assert any(row[0] == (HOT + 1) * S for row in one)
