"""What a plan tells is in the user's names and durations, whatever is remembered."""

import pytest

from operators.state.wording import called, change


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("window:spend", "window spend"),
        ("events:payments(card, region)", "events of payments by card, region"),
        ("events:payments()", "events of payments"),
        ("pipeline", "pipeline "),
    ],
)
def test_a_part_is_called_as_a_person_calls_it(part: str, words: str) -> None:
    assert called(part) == words


@pytest.mark.parametrize(
    ("aspect", "before", "after", "words"),
    [
        ("within", "300000000000", "90000000000", "within: was 5m, now 1m30s"),
        ("within", "None", "1000000", "within: was none, now 1ms"),
        ("within", "3600000000000", None, "within: was 1h, now none"),
        ("of", "ordered payments()", "spend", "on: was events of payments, now spend"),
        (
            "of",
            "ordered payments(card)",
            "ordered payments()",
            "on: was events of payments by card, now events of payments",
        ),
        ("group", "['a', 'b']", "[]", "group: was a, b, now none"),
        ("group", ["a"], None, "group: was a, now none"),
        ("condition", "", "amount > 2", "where: was none, now amount > 2"),
        ("condition", "", None, ""),
        ("warm up", "20", "30", "warm_up: was 20, now 30"),
        ("after match", "SKIP TO NEXT ROW", "None", "after_match: was SKIP TO NEXT ROW, now none"),
        ("keys", ["region string"], ["card "], "keys: no longer region string, now card"),
        (
            "keys",
            ["a int", "b int"],
            ["b int", "a int"],
            "keys: was a int, b int, now b int, a int",
        ),
        (
            "aggregates",
            ["n(x) int", "sum(x) float"],
            ["n(x) int", "max(x) float", "min(x) float"],
            "aggregates: no longer sum of x, now highest x, lowest x",
        ),
        (
            "aggregates",
            ["sum(x) float"],
            ["low(x) int", "high(x) int"],
            "aggregates: no longer sum of x (float), now sum of x (int)",
        ),
        (
            "aggregates",
            ["m2(x) float", "distance(x) float", "histogram(x: float)"],
            ["registers(y: string)", "frequencies(y: string)"],
            "aggregates: no longer spread of x, percentiles of x, now distinct y, most frequent y",
        ),
        ("aggregates", ["n((a + b) * 2) int"], [], "aggregates: no longer count of (a + b) * 2"),
        (
            "aggregates",
            ["first_value(x: int)"],
            ["new(x)"],
            "aggregates: no longer first x, now new(x)",
        ),
        ("aggregates", ["sum((a + c)) float"], [], "aggregates: no longer sum of a + c"),
        ("topic", "a", "b", "topic: was a, now b"),
    ],
)
def test_a_change_is_told_in_the_words_of_the_file(
    aspect: str, before: str | list[str] | None, after: str | list[str] | None, words: str
) -> None:
    assert change(aspect, before, after) == words
