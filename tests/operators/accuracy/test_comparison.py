from operators.accuracy.comparison import Comparison, Key, Value

A: Key = (1, (("region", "north"),))
B: Key = (2, (("region", "north"),))
FIELDS: dict[str, Value] = {"count": 3, "sum": 0.1 + 0.2, "text": "x", "flag": True}


def compared(expected: dict[str, Value], stored: dict[str, Value]) -> Comparison:
    found = Comparison()
    found.add("spend", {A: expected}, {A: stored})
    return found


def test_records_are_equal_up_to_the_last_digits_of_floats() -> None:
    assert compared(FIELDS, {**FIELDS, "sum": 0.3, "flag": 1}).accuracy == 100
    assert compared({"sum": 3.0}, {"sum": 3}).accuracy == 100


def test_a_field_that_is_other_absent_or_too_many_is_told() -> None:
    for stored in (
        {**FIELDS, "count": 4},
        {**FIELDS, "sum": 0.300001},
        {**FIELDS, "sum": "0.3"},
        {**FIELDS, "text": None},
        {**FIELDS, "more": 1},
    ):
        found = compared(FIELDS, stored)
        assert (found.equal, found.different) == (0, 1)
        assert found.examples[0].startswith("different spend 1 region=north: ")


def test_what_is_missing_and_what_is_extra_count_against_the_accuracy() -> None:
    found = Comparison()
    found.add("spend", {A: FIELDS, B: FIELDS}, {A: FIELDS, (3, ()): FIELDS})
    assert (found.equal, found.missing, found.extra) == (1, 1, 1)
    assert found.accuracy == 100 / 3
    assert found.examples == ["missing spend 2 region=north", "extra spend 3"]


def test_nothing_has_no_accuracy() -> None:
    assert Comparison().accuracy is None
