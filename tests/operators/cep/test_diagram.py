import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from operators.cep.diagram import diagram
from tests.operators.cep.timelines import pattern
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

SVG = "{http://www.w3.org/2000/svg}"
MATCH = "a -> b{3,}[->, greedy] !n (c | d ->> e+[until u])? {- f -} g[within 5s]"


def whole() -> Pattern:
    define = {name: f"kind = '{name}' AND amount < 5" for name in "abcdefgnu"}
    return parse_rows("fraud <&> 'x'", MATCH, define, within_ns=300_000_000_000)


def test_it_is_sound_xml_with_a_title_and_a_description() -> None:
    root = ET.fromstring(diagram(whole()))  # noqa: S314 - our own
    title, desc = root[0], root[1]
    assert (title.tag, title.text) == (f"{SVG}title", "Pattern fraud <&> 'x'")
    assert desc.tag == f"{SVG}desc"
    assert "optionally (c or d any later e" in str(desc.text)
    assert root.attrib["role"] == "img"
    assert {title.attrib["id"], desc.attrib["id"]} == set(root.attrib["aria-labelledby"].split())


@pytest.mark.parametrize(
    "shown",
    [
        "no n",
        "later",
        "any later",
        "next",
        "one of",
        "3 or more, others between, greedy",
        "1 or more, nothing between, until kind = 'u' AND amount < 5",
        "within 5s of the event before",
        "within 5m · skip past last row",
        "kind = 'a' AND amount < 5",
    ],
)
def test_it_shows_all_that_the_pattern_says(shown: str) -> None:
    root = ET.fromstring(diagram(whole()))  # noqa: S314 - our own
    assert shown in [text.text for text in root.iter(f"{SVG}text")]


def test_the_same_pattern_gives_the_same_picture_in_every_process() -> None:
    made = f"from {__name__} import diagram, whole; print(diagram(whole()), end='')"
    pictures = {
        subprocess.run(
            [sys.executable, "-c", made],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert pictures == {diagram(whole()).encode()}


@pytest.mark.parametrize(
    "other", ["a -> b{2,}[->]", "a ->> b{3,}[->]", "a b{3,}[->]", "a -> b{3,}", "a -> !b -> c"]
)
def test_another_pattern_gives_another_picture(other: str) -> None:
    define = {name: f"kind = '{name}'" for name in "abc" if name in other}
    first = parse_rows("p", "a -> b{3,}[->]", {"a": "kind = 'a'", "b": "kind = 'b'"})
    assert diagram(first) != diagram(parse_rows("p", other, define))


def test_characters_that_xml_does_not_have_are_replaced() -> None:
    made = parse_rows("p", "a", {"a": "kind = '\x01\ud83c'"})
    ET.fromstring(diagram(made))  # noqa: S314 - our own
    diagram(made).encode()


def test_a_pattern_without_a_window_says_so() -> None:
    assert "no time limit · no skip" in diagram(pattern("a b"))
