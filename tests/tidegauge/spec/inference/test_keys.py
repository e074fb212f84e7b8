"""A key is a text that is nearly always there and repeats."""

from typing import Any

import pytest

from tidegauge.spec.inference.fields import profile_fields
from tidegauge.spec.inference.keys import choose_key


def key_of(objects: list[dict[str, Any]]) -> str | None:
    found = choose_key(objects, profile_fields(objects))
    return found.name if found else None


@pytest.mark.parametrize(
    ("field", "values", "good"),
    [
        ("region", ["eu", "us"] * 10, True),
        ("card", [f"c{number}" for number in range(20)], False),
        ("site", ["here"] * 20, False),
        ("region", [1, 2] * 10, False),
        ("region", ["eu", None] * 10, False),
        ("text", ["a" * 100, "b" * 100] * 10, False),
        ("date", ["2025-01-15", "2025-01-16"] * 10, False),
    ],
)
def test_what_a_key_is(field: str, values: list[Any], *, good: bool) -> None:
    assert key_of([{field: value} for value in values]) == (field if good else None)


@pytest.mark.parametrize(
    ("fields", "best"),
    [
        ({"status": 3, "host": 3}, "host"),
        ({"flag": 2, "host": 4}, "host"),
        ({"user": 200, "host": 4}, "host"),
        ({"host": 4, "region": 5}, "host"),
        ({"status": 4}, "status"),
    ],
)
def test_the_best_key(fields: dict[str, int], best: str) -> None:
    objects = [
        {name: f"v{row % distinct}" for name, distinct in fields.items()} for row in range(400)
    ]
    assert key_of(objects) == best
