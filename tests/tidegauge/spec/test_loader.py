import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tidegauge.spec.test_mistakes import GOOD, mistakes
from tidegauge.catalogue import catalogue_of
from tidegauge.errors import UserMistake
from tidegauge.expressions.conditions import compile_condition
from tidegauge.spec.document import read_document
from tidegauge.spec.loader import load_pipeline, parse_pipeline
from tidegauge.spec.mistakes import Mistake, Mistakes

HERE = Path(__file__).parent
KEYS = """
    version pipeline description labels sources windows anomalies alerts output state tests kafka
    topic event_time field format fields type filter derive process from tumbling sliding size every
    by select expr where on when clear for level summary influxdb bucket retention events expect
    payments spend amount key_groups
"""
WORDS = """
    x 10s 60x ${A} payments count(*) avg(amount) amount float region anomaly(x) {value 1e999
"""
VALUES = st.sampled_from([None, True, 0, 1, 8, -3, 2.5, "", "spend.count > 1", *WORDS.split()])
NAMES = st.sampled_from(KEYS.split())
TREES = st.recursive(
    VALUES | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=25,
)


def accepts_or_tells(text: str) -> None:
    """The text is a pipeline that everything can be made of, or has mistakes in lines."""
    try:
        pipeline = parse_pipeline(text, "f.yaml", HERE, {"A": "1s"})
    except Mistakes as found:
        lines = str(found).split("\n")
        assert lines
        assert all(line.startswith("f.yaml:") for line in lines)
    else:
        catalogue_of(pipeline)
        for alert in pipeline.alerts.values():
            compile_condition(alert.when, pipeline)


@given(st.text())
@example("")
@example("[]")
@example("a: 1")
@example("\ufeffversion: 1")
@example("sources: {a: }")
def test_any_text_is_accepted_or_told_about(text: str) -> None:
    accepts_or_tells(text)


@given(TREES)
def test_any_yaml_is_accepted_or_told_about(tree: Any) -> None:
    accepts_or_tells(json.dumps(tree))


@given(st.data())
def test_any_change_of_a_good_file_is_accepted_or_told_about(data: st.DataObject) -> None:
    tree = read_document(GOOD, {}).value
    for _ in range(data.draw(st.integers(1, 3))):
        _change(tree, data)
    accepts_or_tells(json.dumps(tree))


def _change(tree: Any, data: st.DataObject) -> None:
    """Replace, remove, rename or add something somewhere."""
    node = tree
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and data.draw(st.booleans()):
            node = node[key]
            continue
        break
    changes: list[Callable[[], object]] = [lambda: node.__setitem__(key, data.draw(TREES))]
    if isinstance(node, dict):
        changes += [
            lambda: node.pop(key),
            lambda: node.__setitem__(data.draw(NAMES), node.pop(key)),
            lambda: node.__setitem__(data.draw(NAMES), data.draw(TREES)),
        ]
    data.draw(st.sampled_from(changes))()


def test_an_absent_file_is_a_line(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path, Path("\0")):
        with pytest.raises(UserMistake, match="cannot be read") as caught:
            load_pipeline(path)
        assert not isinstance(caught.value, Mistakes)
        assert "\n" not in str(caught.value)


def test_a_file_that_is_not_utf8_is_a_line(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"version: 1\npipeline: \xff\n")
    with pytest.raises(Mistakes) as caught:
        load_pipeline(file)
    assert str(caught.value) == f"{file}:2: yaml: the file is not UTF-8"


def test_variables_reach_typed_values() -> None:
    text = GOOD.replace("level: 8", "level: ${LEVEL:-9}").replace("every: 10s", 'every: "${E}"')
    pipeline = parse_pipeline(text, "f.yaml", HERE, {"E": "20s"})
    assert pipeline.alerts["failures"].level == 9
    assert pipeline.windows["spend"].every_ns == 20_000_000_000
    assert mistakes(text, E="20x", LEVEL="x") == [
        (
            "18: windows.spend.sliding.every: '20x' is no duration: write a whole number and a "
            "unit, such as 500ms, 10s, 5m, 1h30m, 7d"
        ),
        "29: alerts.failures.level: must be a whole number, not 'x'",
    ]
    assert mistakes(text)[0] == (
        "18: windows.spend.sliding.every: variable E is not set: set it, or write ${E:-default}"
    )


def test_mistakes_can_be_sent_to_another_process() -> None:
    error = Mistakes("f.yaml", [Mistake(2, "b", "wrong"), Mistake(1, "a", "bad")])
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert str(again) == str(error) == "f.yaml:1: a: bad\nf.yaml:2: b: wrong"
    assert again.mistakes == error.mistakes
