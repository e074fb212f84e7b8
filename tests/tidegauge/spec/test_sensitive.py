"""Mistakes with sensitive fields, by line."""

from pathlib import Path

import pytest

from tests.tidegauge.spec.test_mistakes import mistakes
from tidegauge.catalogue import sensitive_columns
from tidegauge.spec.loader import parse_pipeline

GOOD = """\
version: 1
pipeline: payments
tables:
  owners:
    kafka: {topic: owners}
    key: card
    fields:
      card: {type: string}
      owner: {type: string, sensitive: true}
sources:
  cards:
    kafka: {topic: cards}
    event_time: {field: ts, format: epoch_ms}
    fields:
      card: {type: string, sensitive: true}
      amount: {type: float}
    enrich: {owners: {on: card, fields: {holder: owner}}}
    filter: "card is not null"
    derive: {copy: card}
  transfers:
    kafka: {topic: transfers}
    event_time: {field: ts, format: epoch_ms}
    fields:
      card: {type: string, sensitive: true}
      amount: {type: float}
windows:
  spend:
    from: [cards, transfers]
    tumbling: {size: 1m}
    by: [card]
    where: "amount > 0"
    select: {count: count(*), cards: count(distinct card)}
  held:
    from: cards
    tumbling: {size: 1m}
    by: [holder]
    select: {count: count(*)}
patterns:
  tried:
    from: [cards, transfers]
    match: "small{2,} -> large"
    define:
      small: "amount < 2 AND (card IS NULL OR card <> LAST(small.card))"
      large: "amount > 100"
    measures: {which: large.card, before: FIRST(small.card), of: COUNT(small)}
    within: 5m
anomalies:
  odd: {on: spend.count}
alerts:
  much: {when: "spend.count > 9", where: "card IS NOT NULL"}
  strange: {when: anomaly(odd), where: "card IS NOT NULL"}
  dear: {when: "transfers.amount > 9", where: "card IS NOT NULL"}
  testing: {when: match(tried), where: "which <> before"}
"""


def test_own_columns_and_those_of_tables_can_be_sensitive() -> None:
    assert mistakes(GOOD) == []
    pipeline = parse_pipeline(GOOD, "f.yaml", Path(), {})
    found = sensitive_columns(pipeline.sources["cards"], pipeline.tables)
    assert found == {"card": "", "holder": ""}


def salted(*fields: int) -> str:
    """The file with a salt at the n-th fields that are sensitive."""
    parts = GOOD.split("sensitive: true")
    joints = ["sensitive: {salt: s}" if n in fields else "sensitive: true" for n in range(3)]
    return "".join(a + b for a, b in zip(parts, [*joints, ""], strict=True))


def test_a_salt_is_told_with_the_columns_also_of_tables() -> None:
    pipeline = parse_pipeline(salted(0, 1, 2), "f.yaml", Path(), {})
    found = sensitive_columns(pipeline.sources["cards"], pipeline.tables)
    assert found == {"card": "s", "holder": "s"}
    assert mistakes(salted(0, 1, 2)) == []
    assert mistakes(salted(0)) == []


def test_columns_of_other_salts_do_not_meet_across_sources() -> None:
    (mistake,) = mistakes(salted(1))
    assert mistake.startswith("24: sources.transfers.fields.card: ")
    assert "card has another salt here than in cards, so that they never meet" in mistake


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("card = holder", "card = holder"),
        ("(holder) <> card", "(holder) <> card"),
        ("coalesce(card, holder) IS NULL", "coalesce(card, holder)"),
        ("CASE WHEN card IS NULL THEN holder ELSE card END IS NULL", "CASE"),
    ],
)
def test_hashes_of_other_salts_are_not_compared(sql: str, told: str) -> None:
    text = GOOD.replace("card is not null", sql)
    assert mistakes(text) == []
    (mistake,) = mistakes(salted(0).replace("card is not null", sql))
    assert mistake.startswith("18: ")
    assert told in mistake
    assert "hashes of different salts never meet; give both the same, or none" in mistake


@pytest.mark.parametrize(
    "value", ["{salt: ''}", "{salt: a b}", f"{{salt: {'x' * 81}}}", "{salt: 1}", "{}", "maybe", "1"]
)
def test_a_salt_is_a_name(value: str) -> None:
    (mistake,) = mistakes(GOOD.replace("sensitive: true", f"sensitive: {value}", 1))
    assert mistake.startswith("9: tables.owners.fields.owner.sensitive: must be true, false, or {")


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (
            "amount: {type: float}",
            "amount: {type: float, sensitive: true}",
            16,
            "not a float; allow",
        ),
        (
            "card is not null",
            "card = '4111'",
            18,
            "card = '4111': of a sensitive field only a hash",
        ),
        ("{copy: card}", "{copy: lower(card)}", 19, "lower(card): of a sensitive field"),
        ('"amount > 0"', "\"card like '4%'\"", 31, "card LIKE '4%': of a sensitive field"),
        ("count(distinct card)", "distinct(upper(card))", 32, "upper(card): of a sensitive field"),
        ('"amount > 100"', "\"card = '4111'\"", 44, "card = '4111': of a sensitive"),
        (
            "LAST(small.card)",
            "upper(LAST(small.card))",
            43,
            "card <> upper(LAST(small.card)): of a",
        ),
        ("COUNT(small)", "MIN(small.card)", 45, "MIN(small.card): of a sensitive"),
        ('9", where: "card IS NOT NULL', "9\", where: \"card <> '41'", 50, "card <> '41': of a"),
        ('(odd), where: "card IS NOT NULL', "(odd), where: \"card IN ('4')", 51, "card IN ('4'): "),
        (
            'transfers.amount > 9", where: "card IS NOT NULL',
            "transfers.amount > 9\", where: \"card > '4'",
            52,
            "card > '4': of a",
        ),
        ("which <> before", "before <> '41'", 53, "before <> '41': of a sensitive"),
    ],
)
def test_what_a_hash_cannot_be_or_answer_is_told(old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    (mistake,) = mistakes(GOOD.replace(old, new, 1))
    assert mistake.startswith(f"{line}: ")
    assert told in mistake


def test_an_event_time_cannot_be_a_hash() -> None:
    text = GOOD.replace("field: ts, format: epoch_ms", "field: card", 1)
    assert any("card is the event time, which cannot be a hash" in one for one in mistakes(text))


def test_a_key_of_joined_sources_is_a_hash_in_all_of_them_or_in_none() -> None:
    head, _, tail = GOOD.rpartition("card: {type: string, sensitive: true}")
    found = mistakes(f"{head}card: {{type: string}}{tail}")
    assert any("card is a hash in one of the sources and not in transfers" in one for one in found)
