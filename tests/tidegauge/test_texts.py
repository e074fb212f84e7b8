"""Texts of others are cut one way."""

import pytest

from tidegauge.texts import cut, shorten, shortened


@pytest.mark.parametrize(
    ("text", "told"), [("", ""), ("abcd", "abcd"), ("abcde", "abc…"), ("a\nb", "a\nb")]
)
def test_a_text_is_cut_with_a_mark(text: str, told: str) -> None:
    assert cut(text, 4) == told


def test_what_is_told_in_a_sentence_is_on_one_line() -> None:
    assert shorten(" a \n b  c", 60) == "a b c"
    assert shorten(" a \n b  c", 4) == "a b…"


def test_texts_within_a_value_are_cut() -> None:
    value = {"s": "abcde", "n": 12345, "deep": [{"t": "abcdef"}, None, True]}
    assert shortened(value, 3) == {"s": "ab…", "n": 12345, "deep": [{"t": "ab…"}, None, True]}
