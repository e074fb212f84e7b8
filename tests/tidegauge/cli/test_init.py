"""`tidegauge init`: from a real topic to a file that `tidegauge check` accepts at once."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.services.kafka import Kafka
from tidegauge.cli import main
from tidegauge.durations import parse_duration_ns
from tidegauge.spec.loader import load_pipeline

POISON = (b"", b"{", b'{"ts": "noon"}', b"[1]", None)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def broker(kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Kafka:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka.bootstrap)
    return kafka


def run(*arguments: str) -> int:
    """Exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


def fill(kafka: Kafka, values: Sequence[Mapping[str, Any] | bytes | None]) -> str:
    """A topic with these values, in two partitions by turns."""
    topic = kafka.topic(partitions=3)
    producer = kafka.producer()
    for number, value in enumerate(values):
        payload = json.dumps(value).encode() if isinstance(value, Mapping) else value
        producer.produce(topic, payload, partition=number % 2)
    producer.flush()
    return topic


def payments(count: int) -> list[dict[str, Any]]:
    """Events of the last seconds; every tenth lies three seconds behind."""
    now_ms = time.time_ns() // 1_000_000
    return [
        {
            "ts": now_ms - 100 * (count - number) - (3_000 if number % 10 == 0 else 0),
            "card": f"c{number}",
            "region": ["eu", "us", "asia"][number % 3],
            "amount": number if number % 2 else number + 0.5,
            "ok": number % 7 > 0,
            "basket": ["a", "b"],
            "it's odd": 0.5 + number,
        }
        for number in range(count)
    ]


def test_from_a_topic_to_a_checked_file(broker: Kafka, capsys: pytest.CaptureFixture[str]) -> None:
    topic = fill(broker, payments(200))
    file = Path("pipelines") / f"{topic}.yaml"
    assert run("init", topic) == 0
    output = capsys.readouterr().out
    assert f"{topic}: looked at 200 of 200 messages, oldest and newest, in 2 of 3" in output
    assert "With this file: 200 on time, 0 late but taken, 0 dead letters" in output
    assert f"{file} is written" in output
    assert run("check", str(file)) == 0


def test_the_file_tells_what_is_in_the_topic(broker: Kafka) -> None:
    topic = fill(broker, payments(200))
    assert run("init", topic) == 0
    pipeline = load_pipeline(Path("pipelines") / f"{topic}.yaml")
    (source,) = pipeline.sources.values()
    (window,) = pipeline.windows.values()
    assert (source.kafka.topic, source.event_time.field) == (topic, "ts")
    assert source.event_time.format == "epoch_ms"
    assert source.event_time.out_of_orderness == parse_duration_ns("5s")
    assert {name: str(field.type) for name, field in source.fields.items()} == {
        "card": "string",
        "region": "string",
        "amount": "float",
        "ok": "bool",
        "it's odd": "float",
    }
    assert window.by == ["region"]
    assert [field.expr for field in window.select.values()] == [
        "count(*)",
        "avg(amount)",
        "max(amount)",
        'avg("it\'s odd")',
        'max("it\'s odd")',
        "avg(ok)",
    ]
    assert (len(pipeline.anomalies), len(pipeline.alerts)) == (1, 1)


def test_poison_among_the_messages_is_told_and_does_no_harm(
    broker: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = fill(broker, [*payments(300), *POISON])
    assert run("init", topic, "--output", "here.yaml") == 0
    output = capsys.readouterr().out
    assert "With this file: 300 on time, 0 late but taken, 5 dead letters" in output
    assert "wrong_type: 2, such as: " in output
    assert load_pipeline("here.yaml").sources.popitem()[1].event_time.field == "ts"


def test_messages_that_are_no_json_objects_are_counted(
    broker: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = fill(broker, payments(300))
    assert run("init", topic, "--output", "all.yaml") == 0
    assert "no JSON objects" not in capsys.readouterr().out
    topic = fill(broker, [*payments(2), *[b"\x00avro"] * 36])
    assert run("init", topic, "--output", "few.yaml") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "MOST OF THE TOPIC IS IN ANOTHER FORMAT: 36 of 38 messages are no JSON objects" in told


def test_the_sample_is_bounded(broker: Kafka, capsys: pytest.CaptureFixture[str]) -> None:
    topic = fill(broker, payments(300))
    assert run("init", topic, "--sample", "20") == 0
    assert "looked at 20 of 300 messages" in capsys.readouterr().out


def test_no_event_time_is_said_loudly_and_the_file_is_sound(
    broker: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = fill(broker, [{"amount": 1.5}] * 10)
    assert run("init", topic, "-o", "here.yaml") == 0
    assert "NO EVENT TIME WAS FOUND" in capsys.readouterr().out
    assert "# CHANGE THIS: no event time was found." in Path("here.yaml").read_text("utf-8")
    assert run("check", "here.yaml") == 0


def test_a_file_is_overwritten_only_by_force(
    broker: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = fill(broker, payments(10))
    Path("mine.yaml").write_text("mine", encoding="utf-8")
    assert run("init", topic, "-o", "mine.yaml") == 2
    assert capsys.readouterr().err == (
        "mine.yaml exists already; give another file with --output, or overwrite it with --force\n"
    )
    assert Path("mine.yaml").read_text("utf-8") == "mine"
    assert run("init", topic, "-o", "mine.yaml", "--force") == 0
    assert load_pipeline("mine.yaml").pipeline == topic


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "has no messages; write some to it first"),
        ([b"7", b"{", None], "none of the 3 messages looked at is a JSON object"),
    ],
)
def test_a_topic_without_events_is_a_line(
    broker: Kafka,
    capsys: pytest.CaptureFixture[str],
    values: Sequence[bytes | None],
    message: str,
) -> None:
    assert run("init", fill(broker, values)) == 2
    error = capsys.readouterr().err
    assert (message in error, error.count("\n")) == (True, 1)
    assert not Path("pipelines").exists()


@pytest.mark.usefixtures("broker")
def test_a_missing_topic_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("init", "not-there") == 2
    assert capsys.readouterr().err.startswith("Kafka topic 'not-there' does not exist")


def test_a_missing_broker_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("TIDEGAUGE_START_TIMEOUT", "0.5")
    assert run("init", "payments") == 2
    assert "no Kafka broker answered within 0.5 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "reason"),
    [("no/such/here.yaml", "No such file or directory"), ("a.txt/here.yaml", "Not a directory")],
)
def test_a_folder_that_cannot_be_is_a_line(
    broker: Kafka, capsys: pytest.CaptureFixture[str], file: str, reason: str
) -> None:
    Path("a.txt").touch()
    assert run("init", fill(broker, payments(1)), "-o", file) == 2
    message = f"{file}: cannot be written: {reason}; give another file with --output\n"
    assert capsys.readouterr().err == message
