import json
from pathlib import Path

import pytest

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


def test_series_are_estimated_and_too_many_are_warned_of(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run("check", "--live", str(file), capsys=capsys)
    assert code == 0
    users, shops = out.splitlines()[-2:]
    seen = "(estimated from 400 of 400 messages)"
    assert users == (
        f"warning: window users: about 400 series of user {seen}; more than max_series 100: of a"
        " result with so many, the smallest become other; take a key with fewer values, or raise"
        " max_series"
    )
    assert shops == f"window shops: about 3 series of shop {seen}"


def test_programs_get_them_as_json(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("check", "--live", "--json", str(file), capsys=capsys)
    ((users, shops),) = [report["series"] for report in json.loads(out)]
    assert (code, users["warning"], shops["warning"]) == (0, True, False)


def test_a_topic_that_is_not_there_is_one_line(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FILE.format(topic=unique("absent")))
    code, _, err = run("check", "--live", str(file), capsys=capsys)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "does not exist" in err
