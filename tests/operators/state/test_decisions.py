from dataclasses import replace
from pathlib import Path

import pytest

from operators.keygroups.begun import Begun, Parts
from operators.state.decisions import Verdict, agreed, by_part, decide, remembered
from operators.state.definitions import definitions_of
from tests.tidegauge.spec.test_mistakes import GOOD
from tidegauge.spec.loader import parse_pipeline
from tidegauge.statedefs import Aspects, Definitions, Remembered

SECOND = """
  other:
    from: payments
    tumbling: {size: 5s}
    by: [region]
    select: {total: sum(amount)}
"""
TWO = GOOD.replace("\nanomalies:", f"{SECOND}\nanomalies:")


def made(*changes: tuple[str, str], text: str = TWO) -> Definitions:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return definitions_of(parse_pipeline(text, "p.yaml", Path(), {}))


@pytest.mark.parametrize(
    ("change", "part", "why"),
    [
        (("size: 60s", "size: 50s"), "window:spend", "size: was windows of 1m every 10s, now"),
        (("total: sum(amount)", "total: max(amount)"), "window:other", "aggregates: no longer"),
        (
            ("tumbling: {size: 5s}\n    by: [region]", "tumbling: {size: 5s}\n    by: [card]"),
            "window:other",
            "keys: no longer region string, now card string",
        ),
        (("amount: {type: float", "amount: {type: int"), "window:other", "amount int"),
        (("status = 'fail'", "status <> 'ok'"), "window:spend", "failed bool = status <> 'ok'"),
        (("topic: payments", "topic: other"), "source:payments", "topic: was payments, now other"),
    ],
)
def test_what_matters_to_state_lets_it_begin_anew(
    change: tuple[str, str], part: str, why: str
) -> None:
    decision = by_part(decide(made(), made(change)))[part]
    assert decision.verdict is Verdict.RESET
    assert why in decision.why


def test_the_rest_is_kept() -> None:
    decisions = by_part(decide(made(), made(("tumbling: {size: 5s}", "tumbling: {size: 6s}"))))
    assert decisions["window:other"].verdict is Verdict.RESET
    others = {key: one.verdict for key, one in decisions.items() if key != "window:other"}
    assert set(others.values()) == {Verdict.KEPT}


def test_what_does_not_matter_to_state_keeps_it() -> None:
    """Levels, thresholds, texts, filters and limits."""
    new = made(
        ("level: 8", "level: 6"),
        ("failure_rate > 0.05", "failure_rate > 0.5"),
        ("status <> 'test'", "status <> 'probe'"),
    )
    assert {one.verdict for one in decide(made(), new)} == {Verdict.KEPT}


def test_a_pattern_is_held_to_what_it_looks_at() -> None:
    pattern = """patterns:
  tried:
    from: payments
    by: [card]
    match: small{2,} -> large
    define: {small: amount < 2, large: amount > 500}
    within: 5m
"""
    text = GOOD.replace("alerts:\n", f"{pattern}alerts:\n")
    old = made(text=text)
    more = made(
        ("region: {type: string}", "region: {type: string}\n      till: {type: int}"), text=text
    )
    assert by_part(decide(old, more))["pattern:tried"].verdict is Verdict.KEPT
    other = made(("amount > 500", "amount > 400"), ("within: 5m", "within: 6m"), text=text)
    decision = by_part(decide(old, other))["pattern:tried"]
    assert decision.verdict is Verdict.RESET
    assert "define: no longer large: amount > 500, now large: amount > 400" in decision.why


def test_windows_come_and_go_and_the_rest_is_kept() -> None:
    one, two = made(text=GOOD), made()
    added = by_part(decide(one, two))
    assert added.pop("window:other").verdict is Verdict.NEW
    gone = by_part(decide(two, one))
    assert gone.pop("window:other").verdict is Verdict.REMOVED
    assert {each.verdict for each in [*added.values(), *gone.values()]} == {Verdict.KEPT}


def test_nothing_is_kept_under_another_name_or_number_of_key_groups() -> None:
    for change in ({"pipeline": "x"}, {"key_groups": 8}):
        (decision,) = decide(made(), replace(made(), **change))
        assert decision.verdict is Verdict.REFUSED
        assert agreed([decision], ["all"]) == [decision]


@pytest.mark.parametrize("accepted", ["all", "window:other", "other"])
def test_a_reset_can_be_agreed_to(accepted: str) -> None:
    decisions = decide(made(), made(("tumbling: {size: 5s}", "tumbling: {size: 6s}")))
    assert agreed(decisions, [accepted]) == []
    (left,) = agreed(decisions, ["spend", ""])
    assert left.part == "window:other"


def test_what_was_removed_begins_anew_when_it_comes_back() -> None:
    with_, without = made(), made(text=GOOD)
    first = remembered(None, with_, [])
    second = remembered(first, without, decide(first, without))
    third = remembered(second, with_, decide(second, with_))
    assert [one.parts["window:other"].begun for one in (first, second, third)] == [0, 0, 1]
    assert decide(third, with_) == decide(with_, with_)


def test_what_began_anew_is_not_found_in_older_snapshots() -> None:
    old = {"version": 3, "windows": {"a": 1, "b": 2}}
    parts = Parts("window", ("windows",), Begun({"window:b": 1}), ("payments",))
    assert parts.restored(old) == {"version": 3, "windows": {"a": 1}}
    saved = parts.saved({"version": 3, "windows": {"a": 3, "b": 4}})
    assert parts.restored(saved) == {"version": 3, "windows": {"a": 3, "b": 4}}
    assert Parts("window", ("windows",)).restored(old) == old
    moved = replace(parts, begun=Begun({"source:payments": 1}))
    assert moved.restored(old) is None
    assert moved.restored(moved.saved(old)) == old


ANOMALY = "unusual: {on: spend.count}"


def of_anomaly(declared: str) -> Definitions:
    """Two windows, and an anomaly that is declared so."""
    return made((ANOMALY, f"unusual: {{{declared}}}"))


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("on: spend.count", "on: payments.amount, by: [region]", "on: was spend.count, now pay"),
        (
            "on: payments.amount, by: [region]",
            "on: other.total",
            "size: was none, now windows of 5s",
        ),
        ("on: payments.amount, by: [region]", "on: payments.amount, by: [card]", "now card string"),
        (
            "on: payments.amount, by: [region]",
            "on: payments.amount",
            "keys: no longer region string",
        ),
        (
            "on: spend.count",
            "on: spend.failure_rate",
            "fields: no longer count(*), now avg(failed)",
        ),
        ("on: [spend.count, spend.failure_rate]", "on: spend.count", "no longer avg(failed)"),
        (
            "on: spend.count",
            "on: spend.count, detector: robust_z",
            "detector: was ensemble, now ro",
        ),
        ("on: spend.count", "on: spend.count, warm_up: 30", "warm_up: was 50, now 30"),
        ("on: spend.count, history: 90", "on: spend.count", "history: was 90, now"),
        (
            "on: sites.total, detector: peers, group: [region]",
            "on: sites.total, detector: peers",
            "group: was region, now none",
        ),
        (
            "on: sites.total, detector: peers, group: [region, status]",
            "on: sites.total, detector: peers, group: [region]",
            "group: was region, status, now region",
        ),
    ],
)
def test_an_anomaly_begins_anew_when_it_is_on_something_else(
    before: str, after: str, why: str
) -> None:
    """Between window and source, to other keys, fields, or without one of several."""
    sites = SECOND.replace("other:", "sites:").replace("[region]", "[region, status, card]")
    text = TWO.replace("\nanomalies:", f"{sites}\nanomalies:")
    old, new = (made((ANOMALY, f"unusual: {{{one}}}"), text=text) for one in (before, after))
    decision = by_part(decide(old, new))["anomaly:unusual"]
    assert decision.verdict is Verdict.RESET
    assert why in decision.why
    others = [one for one in decide(old, new) if one.part != "anomaly:unusual"]
    assert not any(one.hinders for one in others)


@pytest.mark.parametrize(
    "more",
    ["threshold: 5", "min_deviation: 1", "direction: up", "description: x"],
)
def test_an_anomaly_keeps_its_state_when_it_is_told_otherwise_only(more: str) -> None:
    on = "on: spend.count, detector: robust_z"
    old, new = of_anomaly(on), of_anomaly(f"{on}, {more}")
    assert by_part(decide(old, new))["anomaly:unusual"].verdict is Verdict.KEPT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"group": ["a", "b"]}, {"group": ["a"]}),
        ({"group": ["a"]}, {}),
        ({"group": ["a"]}, {"group": []}),
        ({"group": ["a", "b"]}, {"group": ["b", "a"]}),
        ({"group": "a"}, {}),
        ({}, {"group": ""}),
    ],
)
def test_whatever_is_another_aspect_lets_a_part_begin_anew(before: Aspects, after: Aspects) -> None:
    old, new = (
        Definitions("p", 4, {"window:w": Remembered({"topic": "t", **one})})
        for one in (before, after)
    )
    for one, other in ((old, new), (new, old)):
        (decision,) = decide(one, other)
        assert decision.verdict is Verdict.RESET
        assert "group" in decision.why
    assert [one.verdict for one in decide(old, old)] == [Verdict.KEPT]


def test_events_that_wait_are_held_to_the_columns_that_both_files_name() -> None:
    old, more, other = (
        Definitions("p", 4, {"events:s()": Remembered(aspects)})
        for aspects in (
            {"column a": "int"},
            {"column a": "int", "column b": "int"},
            {"column a": "float"},
        )
    )
    assert [one.verdict for one in decide(old, more)] == [Verdict.KEPT]
    (decision,) = decide(old, other)
    assert (decision.verdict, decision.why) == (Verdict.RESET, "column a: was int, now float")


def test_an_anomaly_on_events_begins_anew_when_its_column_is_another() -> None:
    text = TWO.replace(ANOMALY, "unusual: {on: payments.amount}")
    new = made(("amount: {type: float", "amount: {type: int"), text=text)
    decision = by_part(decide(made(text=text), new))["anomaly:unusual"]
    assert (decision.verdict, decision.why) == (
        Verdict.RESET,
        "columns: no longer amount float, now amount int",
    )
