import json
from pathlib import Path

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.connectors.kafka.batches import append, zstd_bomb
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.tidegauge.cli.test_main import run

FILE = """
version: 1
pipeline: live-check
sources:
  s:
    kafka: {{topic: {topic}}}
    event_time: {{field: ts, format: epoch_ms}}
    fields: {{user: {{type: string}}, shop: {{type: int}}}}
windows:
  users: {{from: s, tumbling: {{size: 1m}}, by: [user], max_series: 100, select: {{n: count(*)}}}}
  shops: {{from: s, tumbling: {{size: 1m}}, by: [shop], where: shop < 3, select: {{n: count(*)}}}}
  all: {{from: s, tumbling: {{size: 1m}}, select: {{n: count(*)}}}}
"""


@pytest.fixture
def file(tmp_path: Path, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> Path:
    topic = kafka.topic(unique("live-check"), partitions=2)
    producer = kafka.producer()
    for number in range(400):
        event = {"ts": 1_760_000_000_000 + number, "user": f"u{number}", "shop": number % 7}
        producer.produce(topic, json.dumps(event), partition=number % 2)
    producer.flush()
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka.bootstrap)
    path = tmp_path / "live.yaml"
    path.write_text(FILE.format(topic=topic))
    return path


@pytest.mark.parametrize("option", [["--live"], []], ids=["asked for", "where there is a broker"])
def test_series_are_estimated_and_too_many_are_warned_of(
    option: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run("check", *option, str(file), capsys=capsys)
    assert code == 0
    users, shops = out.splitlines()[-2:]
    seen = "(estimated from 400 of 400 messages)"
    assert users == (
        f"warning: window users: about 400 series of user {seen}; more than max_series 100: of a"
        " result with so many, the smallest become other; take a key with fewer values, or raise"
        " max_series"
    )
    assert shops == f"window shops: about 3 series of shop {seen}"


def test_declared_fields_that_no_message_has_are_warned_of(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = file.read_text().replace("shop: {type: int}", "shop: {type: int}, shpo: {type: int}")
    file.write_text(text)
    code, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert code == 0
    assert (
        "warning: source s: no message has a value of shpo (of 400 messages looked at);"
        " is a name misspelt?"
    ) in out.splitlines()


def test_a_topic_of_other_messages_is_warned_of(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(file.read_text().replace("user: {type: string}", "user: {type: bool}"))
    _, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert (
        "warning: source s: none of 400 messages looked at is a JSON object with the declared types"
    ) in out.splitlines()


def test_a_column_that_the_bucket_holds_with_another_type_is_warned_of(
    file: Path,
    influxdb: InfluxDB,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bucket = influxdb.bucket(unique("live-check"))
    with influxdb.client() as client, client.write_api(SYNCHRONOUS) as api:
        api.write(bucket, record='shops,shop=1 n="many" 1')
    monkeypatch.setenv("INFLUXDB_URL", influxdb.url)
    monkeypatch.setenv("INFLUXDB_TOKEN", influxdb.token)
    monkeypatch.setenv("INFLUXDB_ORG", influxdb.org)
    file.write_text(f"{file.read_text()}output: {{influxdb: {{bucket: {bucket}}}}}\n")
    _, out, _ = run("check", "--live", str(file), capsys=capsys)
    told = f"warning: bucket {bucket}: shops.n was string, now int: InfluxDB refuses it"
    assert any(line.startswith(told) for line in out.splitlines())


def test_programs_get_them_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("check", "--live", "--json", str(file), capsys=capsys)
    ((stamps, users, shops),) = [report["series"] for report in json.loads(out)]
    assert "CreateTime" in stamps["message"]
    assert (code, users["warning"], shops["warning"]) == (0, True, False)


def test_a_topic_that_is_not_there_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FILE.format(topic=unique("absent")))
    code, _, err = run("check", "--live", str(file), capsys=capsys)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "does not exist" in err


def test_without_being_asked_for_an_absent_topic_is_a_remark(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FILE.format(topic=unique("absent")))
    code, out, err = run("check", str(file), capsys=capsys)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("series are not estimated: Kafka topic")


def test_a_broker_is_left_alone_when_told_so(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run("check", "--no-live", str(file), capsys=capsys)
    assert "series of" not in out


@pytest.mark.parametrize(
    ("config", "far"),
    [
        ({"message.timestamp.after.max.ms": str(2**63 - 1)}, "as far as they like"),
        ({"message.timestamp.after.max.ms": "3600000"}, "up to 1h"),
        ({"message.timestamp.after.max.ms": "300000"}, ""),
        ({"message.timestamp.type": "LogAppendTime"}, ""),
    ],
)
def test_senders_who_may_set_timestamps_ahead_are_warned_of(
    config: dict[str, str],
    far: str,
    kafka: Kafka,
    file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    topic = kafka.topic(unique("stamped"), partitions=1, config=config)
    producer = kafka.producer()
    producer.produce(topic, b'{"ts": 1760000000000, "user": "a", "shop": 1}')
    producer.flush()
    file.write_text(FILE.format(topic=topic))
    code, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert code == 0
    told = [line for line in out.splitlines() if "CreateTime" in line]
    if not far:
        assert told == []
        return
    (line,) = told
    assert line == (
        f"warning: sources.s: topic {topic!r} takes Kafka timestamps from its senders"
        f" (message.timestamp.type=CreateTime), ahead of the broker's clock {far}: one who sets"
        " event times and timestamps ahead moves the time of all in a run to the end of the topic;"
        " a running flow holds them against its clock; let the broker set timestamps"
        " (message.timestamp.type=LogAppendTime), or refuse those"
        " (message.timestamp.after.max.ms=300000)"
    )


def test_a_batch_that_nobody_can_read_is_warned_of(
    kafka: Kafka, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = file.read_text().partition("topic: ")[2].partition("}")[0]
    append(kafka.bootstrap, topic, zstd_bomb(), 1)
    _, out, _ = run("check", "--live", str(file), capsys=capsys)
    (line,) = [one for one in out.splitlines() if "cannot be read" in one]
    assert line.startswith(
        f"warning: {topic}-1: the batch of messages at offset 200 cannot be read"
    )
