"""Events that are older than InfluxDB keeps records are told of before they are refused."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir
from ruamel.yaml import YAML

from benchmarks.private_copy import PrivateCopy, private_copy
from dataflows.checks.old_events import is_first_run, too_old
from tests.dataflows.shop.files import PIPELINE
from tests.dataflows.starting import start
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.tidegauge.cli.test_main import run
from tidegauge.settings import Settings
from tidegauge.spec.loader import parse_pipeline

NOW_NS = 1_760_000_000_000_000_000
"""2025-10-09T08:53:20Z."""
DAY_MS = 86_400_000
TEXT = """
version: 1
pipeline: old
sources:
  s:
    kafka: {{topic: {topic}}}
    event_time: {{field: ts, format: epoch_ms}}
    fields: {{a: {{type: string}}}}
    derive: {{b: "a || '!'"}}
windows:
  w: {{from: s, tumbling: {{size: 1m}}, select: {{n: count(*)}}}}
output: {{influxdb: {{bucket: old}}}}
"""


def topic_of(kafka: Kafka, *ages_days: float) -> str:
    """A topic with an event of each age, in partitions by turns."""
    topic = kafka.topic(unique("old"), partitions=2)
    producer = kafka.producer()
    for number, age in enumerate(ages_days):
        event = {"ts": NOW_NS // 10**6 - int(age * DAY_MS), "a": "x"}
        producer.produce(topic, json.dumps(event), partition=number % 2)
    producer.produce(topic, "no JSON", partition=0)
    producer.flush()
    return topic


def told(kafka: Kafka, text: str, topic: str, **settings: object) -> list[str]:
    pipeline = parse_pipeline(text.format(topic=topic), "f.yaml", Path(), {})
    read = Settings.model_validate({"kafka_bootstrap": kafka.bootstrap, **settings})
    return list(too_old(pipeline, read, NOW_NS))


def test_events_older_than_the_retention_are_told_with_what_to_do(kafka: Kafka) -> None:
    topic = topic_of(kafka, 1, 99.5, 100)
    (line,) = told(kafka, TEXT, topic)
    assert line == (
        f"output.influxdb.retention 30d: topic {topic!r} has events of 2025-07-01T08:53:20Z;"
        " InfluxDB refuses records from before 2025-09-09T08:53:20Z, which become dead letters: set"
        " retention to 102d, or to 0s to keep them for ever, or read from kafka.start: latest"
    )


@pytest.mark.parametrize(
    ("old", "new", "settings"),
    [
        ("bucket: old", "bucket: old, retention: 102d", {}),
        ("bucket: old", "bucket: old, retention: 0s", {}),
        ("topic: {topic}", "topic: {topic}, start: latest", {}),
        ("output: {{influxdb: {{bucket: old}}}}", "", {}),
        ("version", "version", {"store": "x.db"}),
        ("field: ts", "field: other", {}),
    ],
)
def test_nothing_is_told_where_nothing_is_refused(
    kafka: Kafka, old: str, new: str, settings: dict[str, str]
) -> None:
    assert old in TEXT
    assert told(kafka, TEXT.replace(old, new), topic_of(kafka, 1, 100), **settings) == []


def test_an_empty_topic_and_young_events_are_no_matter(kafka: Kafka) -> None:
    assert told(kafka, TEXT, kafka.topic(unique("old"), partitions=1)) == []
    assert told(kafka, TEXT, topic_of(kafka, 0, 29)) == []


def test_check_live_warns_of_them(
    kafka: Kafka,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka.bootstrap)
    monkeypatch.delenv("TIDEGAUGE_STORE", raising=False)
    file = tmp_path / "old.yaml"
    file.write_text(TEXT.format(topic=topic_of(kafka, 100)))
    code, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert code == 0
    assert "\nwarning: output.influxdb.retention 30d: topic " in out


def test_a_first_run_is_one_without_saved_positions(tmp_path: Path) -> None:
    assert is_first_run(None)
    init_db_dir(tmp_path, 1)  # type: ignore[no-untyped-call]  # published so
    assert is_first_run(tmp_path)
    assert not is_first_run(tmp_path / "not there")


@pytest.fixture
def copy(tmp_path: Path, kafka: Kafka, influxdb: InfluxDB) -> Iterator[PrivateCopy]:
    """A pipeline with the default retention, and one event of long ago."""
    with private_copy(PIPELINE, tmp_path, kafka, influxdb) as copy:
        document = YAML().load(copy.path.read_text())
        del document["output"]["influxdb"]["retention"]
        with copy.path.open("w") as file:
            YAML().dump(document, file)
        (source,) = copy.pipeline.sources.values()
        kafka.topic(source.kafka.topic, partitions=1)
        producer = kafka.producer()
        event = {"ts": time.time_ns() // 10**6 - 100 * DAY_MS, "shop": "s", "amount": 1}
        producer.produce(source.kafka.topic, json.dumps(event))
        producer.flush()
        yield copy


def test_a_first_run_warns_of_them_and_a_later_one_does_not(
    copy: PrivateCopy, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir()
    init_db_dir(tmp_path / "state", 4)  # type: ignore[no-untyped-call]  # published so
    options = ["-r", str(tmp_path / "state"), "-s", "1", "-b", "0"]
    first, second = (start(copy.path, copy.environment, options) for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert first.out.count("output.influxdb.retention 30d: topic") == 1
    assert "output.influxdb.retention" not in second.out
