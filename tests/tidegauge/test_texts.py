"""Texts of others are cut one way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.texts import (
    cut,
    shorten,
    shortened,
    visible,
    visible_json,
    visible_line,
    visible_values,
)


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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain ü 😀 日本", "plain ü 😀 日本"),
        ("a\nb", "a\nb"),
        ("\u3000wide\xa0spaces", "\u3000wide\xa0spaces"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\x9b2J\x7f\t\r\0", r"\x9b2J\x7f\t\r\x00"),
        ("\u202eabc\u2066\u200f\ufeff\u2028", r"\u202eabc\u2066\u200f\ufeff\u2028"),
        ("\ud800 \udc9b \U000e0041", r"\ud800 \udc9b \U000e0041"),
    ],
)
def test_what_is_not_seen_is_its_escape(text: str, told: str) -> None:
    assert visible(text) == told
    assert visible_line(text) == told.replace("\n", "\\n")
    assert visible_values({text: [text, 1, (None,)]}) == {told: [told, 1, [None]]}


@given(st.text(st.characters()))
def test_json_with_escapes_is_the_same_value(text: str) -> None:
    written = visible_json(json.dumps({"t": text}, ensure_ascii=False))
    assert json.loads(written) == {"t": text}
    assert written == visible(written)
