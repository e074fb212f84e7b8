"""`tidegauge check --live` looks at event times: seconds read as milliseconds are warned of."""

import json
from pathlib import Path

import pytest

from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.tidegauge.cli.test_main import run

FILE = """
version: 1
pipeline: live-times
sources:
  s:
    kafka: {{topic: {topic}}}
    event_time: {{field: ts, format: {format}}}
    fields: {{user: {{type: string}}}}
windows:
  all: {{from: s, tumbling: {{size: 1m}}, select: {{n: count(*)}}}}
"""


@pytest.fixture
def topic(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> str:
    config = {"message.timestamp.type": "LogAppendTime"}
    topic = kafka.topic(unique("live-times"), partitions=2, config=config)
    producer = kafka.producer()
    for number in range(40):
        event = {"ts": 1_760_000_000 + number, "user": f"u{number}"}
        producer.produce(topic, json.dumps(event), partition=number % 2)
    producer.flush()
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka.bootstrap)
    return topic


@pytest.mark.parametrize("unit", ["epoch_ms", "epoch_us", "epoch_ns", "epoch_s"])
def test_a_unit_that_puts_all_events_into_1970_is_warned_of_with_what_to_write(
    topic: str, unit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "live.yaml"
    file.write_text(FILE.format(topic=topic, format=unit))
    code, out, _ = run("check", "--live", str(file), capsys=capsys)
    warnings = [line for line in out.splitlines() if line.startswith("warning: ")]
    assert code == 0
    if unit == "epoch_s":
        assert warnings == []
        return
    (line,) = warnings
    assert line.startswith(f"warning: sources.s.event_time: ts read as {unit} is on 1970-01-")
    assert "read as epoch_s it is on 2025-10-09: if that is meant, write format: epoch_s" in line


def test_messages_without_a_readable_time_are_warned_of(
    topic: str, kafka: Kafka, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    producer = kafka.producer()
    producer.produce(topic, b'{"ts": 1760000000000, "user": "u"}', partition=0)
    producer.flush()
    file = tmp_path / "live.yaml"
    file.write_text(FILE.format(topic=topic, format="epoch_s"))
    _, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert out.splitlines()[-1] == (
        "warning: sources.s.event_time: 1 of 41 messages have no event time: ts is"
        " '1760000000000.0', allowed is epoch_s; it seems to be epoch_ms"
    )


def test_times_of_another_type_are_warned_of(
    topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "live.yaml"
    file.write_text(FILE.format(topic=topic, format="iso8601"))
    _, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert (
        "warning: sources.s.event_time: 40 of 40 messages have no event time: ts is an int,"
        " allowed is string"
    ) in out.splitlines()
