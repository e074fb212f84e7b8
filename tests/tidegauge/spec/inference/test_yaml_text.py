"""Texts come back from YAML as they went in."""

from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tidegauge.spec.inference.yaml_text import comment, scalar


@given(st.text(st.characters(exclude_categories=["C"]), max_size=50))
@example("no")
@example("~")
@example("1e3")
@example("a: b # c")
@example('it\'s "so"')
def test_a_scalar_is_read_as_its_text(text: str) -> None:
    assert YAML(typ="safe", pure=True).load(f"{scalar(text)}: [{scalar(text)}]") == {text: [text]}


@given(st.text(max_size=200))
def test_a_comment_is_one_printable_line(text: str) -> None:
    made = comment(text)
    assert made.isprintable()
    assert len(made) <= 96
