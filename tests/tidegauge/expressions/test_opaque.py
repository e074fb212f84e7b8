"""What can be asked of a column of which only a hash is known."""

import pytest

from tidegauge.expressions.opaque import misused


@pytest.mark.parametrize(
    "sql",
    [
        "card",
        '"card"',
        "card is null",
        "card is not null and v > 3",
        "card = owner",
        "(card) <> owner",
        "count(distinct card)",
        "distinct(card)",
        "count(card)",
        "coalesce(card, owner)",
        "v = 'x'",
        "no ( sql",
    ],
)
def test_what_a_hash_can_answer(sql: str) -> None:
    assert misused(sql, {"card", "owner"}) is None


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("card = 'x'", "card = 'x'"),
        ("v > 1 and card <> country", "card <> country"),
        ("lower(card)", "lower(card)"),
        ("card like '4%'", "card LIKE '4%'"),
        ("card in ('a', 'b')", "card IN ('a', 'b')"),
        ("max(card)", "max(card)"),
        ("length(card) > 3", "length(card)"),
    ],
)
def test_what_it_cannot_is_named(sql: str, told: str) -> None:
    assert misused(sql, {"card"}) == told
