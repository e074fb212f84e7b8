"""A copy of a pipeline file has nothing in common with the original but what it computes."""

from pathlib import Path

import pytest

from benchmarks.private_copy import private_copy
from tests.services.kafka import Kafka
from tidegauge.errors import UserMistake
from tidegauge.spec.loader import load_pipeline

PIPELINES = Path(__file__).parents[2] / "pipelines"


@pytest.mark.parametrize("name", ["machines", "payments", "web"])
def test_only_names_outputs_and_tests_differ(name: str, tmp_path: Path, kafka: Kafka) -> None:
    original = load_pipeline(PIPELINES / f"{name}.yaml")
    with private_copy(PIPELINES / f"{name}.yaml", tmp_path, kafka, None) as copy:
        theirs, ours = copy.pipeline.model_dump(), original.model_dump()
        for changed in ("pipeline", "output", "tests"):
            assert theirs.pop(changed) != ours.pop(changed)
        for source in (*theirs["sources"].values(), *ours["sources"].values()):
            source["kafka"].pop("topic")
        assert theirs == ours


def test_a_copy_reads_all_that_is_in_its_topic(tmp_path: Path, kafka: Kafka) -> None:
    text = (PIPELINES / "web.yaml").read_text()
    file = tmp_path / "latest.yaml"
    assert "kafka: {topic: web-requests" in text
    file.write_text(text.replace("kafka: {topic: web-requests", "kafka: {start: latest, topic: x"))
    (tmp_path / "tests").symlink_to(PIPELINES / "tests")
    with private_copy(file, tmp_path, kafka, None) as copy:
        assert [source.kafka.start for source in copy.pipeline.sources.values()] == ["earliest"]


def test_two_copies_share_nothing(tmp_path: Path, kafka: Kafka) -> None:
    file = PIPELINES / "web.yaml"
    with (
        private_copy(file, tmp_path, kafka, None) as one,
        private_copy(file, tmp_path, kafka, None) as other,
    ):
        assert not one.topics & other.topics
        assert one.pipeline.pipeline != other.pipeline.pipeline
        assert one.database != other.database


def test_mistakes_of_the_original_are_told_with_its_name(tmp_path: Path, kafka: Kafka) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("version: 1\npipeline: wrong\nsource: {}\n")
    with (
        pytest.raises(UserMistake, match=r"wrong\.yaml:3: source"),
        private_copy(file, tmp_path, kafka, None),
    ):
        pass
