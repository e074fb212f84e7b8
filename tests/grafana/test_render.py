"""The files as a whole: current, the same each time, not depending on where they are made."""

from pathlib import Path

import pytest

from grafana.render import HEADING, is_ours, render
from grafana.subject import subject_of
from tests.grafana.rendering import examples, subjects
from tidegauge.errors import UserMistake
from tidegauge.spec.loader import load_pipeline

ROOT = Path(__file__).parents[2]


def test_the_committed_files_are_those_that_are_rendered() -> None:
    folder = ROOT / "provisioning"
    committed = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert committed == render(subjects()), "run 'tidegauge render'; do not edit them"


def test_the_order_of_pipelines_does_not_matter() -> None:
    assert render(subjects()) == render(subjects()[::-1])


def test_labels_come_from_the_records_not_from_where_files_are_rendered() -> None:
    file = ROOT / "pipelines" / "payments.yaml"
    here = subject_of(load_pipeline(file, {}))
    there = subject_of(load_pipeline(file, {"ENV": "production"}))
    assert here.pipeline.labels != there.pipeline.labels
    assert render([here]) == render([there])


def test_rendered_files_are_known_again() -> None:
    assert all(is_ours(path, text) for path, text in render(subjects()).items())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("alerting/mine.yaml", "apiVersion: 1\n"),
        ("alerting/mine.yaml", f"apiVersion: 1\n# {HEADING}\n"),
        ("dashboards/mine.json", '{"tags": ["mine"]}'),
        ("dashboards/mine.json", "[]"),
        ("dashboards/mine.json", "{"),
    ],
)
def test_other_files_are_not_taken_for_ours(path: str, text: str) -> None:
    assert not is_ours(path, text)


def test_a_pipeline_without_a_store_has_nothing_to_show() -> None:
    (first, *_) = examples()
    none = first.model_copy(update={"output": first.output.model_copy(update={"influxdb": None})})
    with pytest.raises(UserMistake, match=r"machines has no output\.influxdb"):
        subject_of(none)
