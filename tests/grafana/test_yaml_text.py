"""Our YAML: what is read is what was written, by readers of 1.1 and of 1.2."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from grafana.yaml_text import yaml_text

scalars = (
    st.text(max_size=20)
    | st.integers(-10, 10)
    | st.booleans()
    | st.none()
    | st.sampled_from(
        ["no", "on", "y", "1e3", "0x1f", "1_000", "12:30", "~", "", "- a", "a: b", "#"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(text: str, version: tuple[int, int]) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = version
    return yaml.load(text)


@pytest.mark.parametrize("version", [(1, 1), (1, 2)])
@given(value=st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=4))
def test_it_is_read_as_it_was_written(version: tuple[int, int], value: dict[str, Any]) -> None:
    assert (read(yaml_text(value, "a heading"), version) or {}) == value


def test_queries_stand_in_blocks_and_words_stand_bare() -> None:
    text = yaml_text({"query": 'SELECT "a"', "state": "OK", "wait": "5s"}, "a heading")
    assert text == '# a heading\nquery: |-\n  SELECT "a"\nstate: OK\nwait: "5s"\n'
