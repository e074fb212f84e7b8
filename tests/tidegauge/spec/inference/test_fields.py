"""Types of fields: what strict decoding can read, and why not."""

from typing import Any

import pytest

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.inference.fields import FieldProfile, profile_fields


def profile(*values: Any) -> FieldProfile:
    (found,) = profile_fields({"f": value} for value in values)
    return found


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((1, 2, -(2**63), 2**63 - 1), FieldType.INT),
        ((1.5, 2.0), FieldType.FLOAT),
        ((1, 2.5), FieldType.FLOAT),
        ((2**70, 2.5), FieldType.FLOAT),
        (("a", "1"), FieldType.STRING),
        ((True, False), FieldType.BOOL),
        ((None, 1, None), FieldType.INT),
        ((*[1] * 99, "x"), FieldType.INT),
    ],
)
def test_type_of_a_field(values: tuple[Any, ...], kind: FieldType) -> None:
    assert profile(*values).type is kind


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ((1, "a"), "of several types: int in 1, string in 1"),
        ((True, 1, 1), "of several types: int in 2, bool in 1"),
        ((None,), "always null"),
        (([1],), "an array; values within others are not read"),
        (({"a": 1},), "an object; values within others are not read"),
        ((2**63,), "whole numbers beyond 64 bits"),
        ((10**400,), "whole numbers beyond what a float holds"),
        ((*[1] * 97, *["x"] * 3), "of several types: int in 97, string in 3"),
    ],
)
def test_why_a_field_is_not_read(values: tuple[Any, ...], why: str) -> None:
    assert (profile(*values).type, profile(*values).why) == (None, why)


def test_a_name_that_json_escapes_is_not_read() -> None:
    (found,) = profile_fields([{'a"b': 1}])
    assert (found.type, "quotation mark" in found.why) == (None, True)


def test_values_are_counted_and_numbers_have_a_range() -> None:
    expected = FieldProfile("f", 4, FieldType.FLOAT, distinct=3, low=-1, high=2.5)
    assert profile(1, 2.5, None, -1, 1) == expected


def test_values_of_another_type_are_counted_as_strays() -> None:
    found = profile(*range(199), "x")
    assert (found.strays, found.distinct, found.high) == (1, 199, 198)


def test_fields_are_in_order_of_appearance() -> None:
    found = profile_fields([{"b": 1}, {"a": 1, "b": 2}, {"c": None}])
    assert [(field.name, field.seen) for field in found] == [("b", 2), ("a", 1), ("c", 0)]
