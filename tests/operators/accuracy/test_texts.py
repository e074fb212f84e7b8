import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.accuracy.comparison import Comparison, Key, Value
from operators.accuracy.texts import same_text

SAME = [
    ("north: 1.23457 is high", "north: 1.23456 is high"),
    ("mean 0.333333", "mean 0.333334"),
    ("100 of 0.5", "99.9999 of 0.5"),
    ("1.23457e+06", "1.23456e+06"),
    ("is 0.5", "is 0.500001"),
    ("is 0", "is -3.5e-17"),
    ("0.30000000000000004", "0.3"),
    ("a -1.5; b +2.5", "a -1.50001; b +2.50001"),
]
DIFFERENT = [
    ("north: 1.23457", "north: 1.2344"),
    ("north: 1.23457", "south: 1.23457"),
    ("value 5", "value 6"),
    ("value 123456", "value 123457"),
    ("order 123456789 is late", "order 123456788 is late"),
    ("nothing since 2026-01-31T12:00:00.123Z", "nothing since 2026-01-31T12:00:00.124Z"),
    ("10.0.0.1 is down", "10.0.0.2 is down"),
    ("is 1.5", "is -1.5"),
    ("is 1.5", "is 1.5 and 2"),
    ("is 1.5", "is none"),
    ("a1b", "a2b"),
    ("1.5", "1.6"),
    ("x 1e5", "x 1e6"),
    ("", "x"),
    ("1" * 5_000, "1" * 4_999 + "2"),
    ("1e99999999999", "1e99999999998"),
    ("1.5e999", "1.6e999"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_number_that_was_rounded_the_other_way_is_the_same(one: str, other: str) -> None:
    assert same_text(one, other, [])
    assert same_text(other, one, [])


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_another_number_or_word_is_another_text(one: str, other: str) -> None:
    assert not same_text(one, other, [])
    assert not same_text(other, one, [])


@pytest.mark.parametrize("value", [123_456.5, 123_456.50000001, -123_456.4999999])
def test_whole_numbers_are_the_same_where_a_value_lies_between_them(value: float) -> None:
    sign = "-" if value < 0 else ""
    one, other = f"is {sign}123456", f"is {sign}123457"
    assert same_text(one, other, [1.0, value])
    assert not same_text(one, other, [123_456.6])
    assert not same_text(one, f"is {sign}123458", [value])


@given(st.floats(-1e300, 1e300), st.integers(-3, 3))
def test_a_value_and_one_beside_it_read_the_same_in_a_summary(value: float, steps: int) -> None:
    """However many digits it has, and at whatever side of the middle they lie."""
    beside = value * (1 + steps * 2**-50)
    assert same_text(f"a: {value:.6g}!", f"a: {beside:.6g}!", [value])


@given(st.text(max_size=30), st.text(max_size=30))
def test_texts_without_numbers_are_the_same_only_when_they_are_equal(one: str, other: str) -> None:
    if not any(map(str.isdigit, one + other)):
        assert same_text(one, other, []) is (one == other)


def test_a_digit_in_the_summary_of_an_alert_does_not_make_its_record_another() -> None:
    key: Key = (1, (("alert", "hot"),))
    expected: dict[str, Value] = {"summary": "m1: 80.0001 degrees", "value": 80.00005, "level": 8}
    stored: dict[str, Value] = {
        "summary": "m1: 80.0002 degrees",
        "value": 80.00005000000001,
        "level": 8,
    }
    found = Comparison()
    found.add("alerts", {key: expected}, {key: stored})
    assert (found.accuracy, found.examples) == (100, [])
    found.add("alerts", {key: expected}, {key: {**stored, "summary": "m1: 80.1 degrees"}})
    assert found.different == 1
    assert "summary is m1: 80.1 degrees instead of m1: 80.0001 degrees" in found.examples[0]
