import pytest

from operators.cep.decide import before, implies, impossible, parts_of
from tidegauge.patterns.condition import ALWAYS, EventTest, Sql


@pytest.mark.parametrize(
    "sql",
    [
        "amount > 5 AND amount < 2",
        "amount > 5 AND amount <= 5",
        "5 < amount AND 2 > amount",
        "kind = 'a' AND kind = 'b'",
        "kind = 'a' AND kind <> 'a'",
        "kind IN ('a', 'b') AND kind = 'c'",
        "kind IN ('a', 'b') AND kind NOT IN ('b', 'a')",
        "amount BETWEEN 1 AND 2 AND amount > 3",
        "amount IS NULL AND amount > 5",
        "amount > 5 AND (amount < 2 OR amount = 4)",
        "NOT (amount <= 5 OR amount >= 2)",
        "amount > 5 AND NOT amount > 3",
        "amount * 2 > 5 AND amount * 2 < 5",
        "failed AND NOT failed",
        "amount = NULL",
        "FALSE",
        "1 > 2",
        "amount > -1 AND amount < -2",
    ],
)
def test_what_cannot_hold_is_known(sql: str) -> None:
    assert impossible(parts_of(Sql(sql)))


@pytest.mark.parametrize(
    "sql",
    [
        "amount > 5 AND amount < 6",
        "amount >= 5 AND amount <= 5",
        "amount > 5 OR amount < 2",
        "kind IN ('a', 'b') AND kind = 'b'",
        "kind > 'b' AND kind < 'a'",
        "amount > 5 AND other < 2",
        "amount > 5 AND ABS(amount) < 9",
        "COALESCE(amount, NULL) > 5",
        "amount IS NULL OR amount > 5",
        "amount IS NOT NULL AND amount > 5",
        "amount NOT BETWEEN 1 AND 2 AND amount > 1.5",
        "NOT failed",
    ],
)
def test_what_may_hold_is_left_alone(sql: str) -> None:
    assert not impossible(parts_of(Sql(sql)))


@pytest.mark.parametrize(
    ("sql", "taken", "expected"),
    [
        ("amount > LAST(a.amount)", [], True),
        ("amount > 2 * AVG(a.amount)", [], True),
        ("amount > LAST(a.amount)", ["a"], False),
        ("COUNT(a) > 2", [], True),
        ("COUNT(a) < 2", [], False),
        ("SUM(a.amount) + amount > 6", [], True),
        ("COUNT(a) = 0 OR amount > LAST(a.amount)", [], False),
        ("LAST(a.amount) IS NULL OR amount > LAST(a.amount)", [], False),
        ("COALESCE(LAST(a.amount), 0) < amount", [], False),
        ("LAST(a.amount) IS NOT NULL AND amount > 1", [], True),
    ],
)
def test_before_a_step_took_anything_its_aggregates_are_empty(
    sql: str, taken: list[str], *, expected: bool
) -> None:
    assert impossible(before(parts_of(Sql(sql)), taken)) is expected


@pytest.mark.parametrize(
    ("condition", "other", "expected"),
    [
        ("amount > 5", "amount > 5", True),
        ("amount > 5 AND kind = 'a'", "kind = 'a'", True),
        ("amount > 5", "amount > 3", True),
        ("kind = 'a'", "kind IN ('a', 'b')", True),
        ("kind IN ('a', 'b')", "kind = 'a'", False),
        ("amount > 5", "amount > 7", False),
        ("kind = 'a'", "amount > 3", False),
        ("amount > 5", "amount > 3 AND kind = 'a'", False),
    ],
)
def test_what_follows_is_known(condition: str, other: str, *, expected: bool) -> None:
    assert implies(Sql(condition), Sql(other)) is expected


def test_anything_implies_what_always_holds() -> None:
    test = EventTest(lambda _event: True)
    assert implies(test, ALWAYS)
    assert implies(test, test)
    assert not implies(ALWAYS, test)
