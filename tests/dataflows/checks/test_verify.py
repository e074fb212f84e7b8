"""What is stored is held against the topic, by the same flow."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import init_db_dir
from influxdb_client.client.write_api import SYNCHRONOUS

from benchmarks.flow_process import Shape, run_flow, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from connectors.codecs.journal_json import read_entry
from connectors.influxdb.escapes import escaped_tag
from tests.dataflows.interrupted import ask_to_end, wait
from tests.dataflows.shop.events import BUSY, tell
from tests.dataflows.shop.files import PIPELINE
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.tidegauge.cli.test_main import run
from tidegauge.catalogue import catalogue_of
from tidegauge.journal import Claim
from tidegauge.stored import stored_of

MESSAGES = 9_000
WINDOWS = {"per_shop", "per_till", "overall", "refunds"}


@pytest.fixture(params=["embedded", "InfluxDB"])
def stored(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    kafka: Kafka,
    influxdb: InfluxDB,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[PrivateCopy]:
    """A pipeline whose flow has read its topic to the end."""
    server = influxdb if request.param == "InfluxDB" else None
    with private_copy(PIPELINE, tmp_path, kafka, server) as copy:
        (source,) = copy.pipeline.sources.values()
        topic = kafka.topic(source.kafka.topic, partitions=len(BUSY))
        producer = kafka.producer()
        for one in tell(MESSAGES, partitions=BUSY).messages:
            value = None if one.value is None else one.value.encode("utf-8", "surrogateescape")
            producer.produce(topic, value, one.key, one.partition)
        producer.flush()
        run_flow(copy.path, Shape(), copy.environment)
        for name, setting in copy.environment.items():
            monkeypatch.setenv(name, setting)
        yield copy


def test_an_untouched_store_is_equal_and_a_changed_one_is_not(
    stored: PrivateCopy, capsys: pytest.CaptureFixture[str]
) -> None:
    to_end = ["--to", "2040-01-01T00:00:00Z", "--json"]
    code, out, _ = run("verify", str(stored.path), "--all", *to_end, capsys=capsys)
    told = json.loads(out)
    assert (code, told["accuracy"], told["examples"]) == (0, 100.0, [])
    assert {*WINDOWS, "anomalies", "alerts"} <= told["measurements"].keys()
    assert all(told["measurements"][name]["equal"] for name in (*WINDOWS, "alerts"))

    ledger = stored.records("ledger")
    assert {int(row["partition"]) for row in ledger} == set(BUSY)
    assert sum(int(row["read"]) for row in ledger) == MESSAGES
    assert {int(row["unaccounted"]) for row in ledger} == {0}
    assert all(sum(int(row[name]) for row in ledger) for name in ("corrections", "late"))

    rows = sorted(stored.records("per_shop"), key=lambda row: row["time_ns"])
    _falsify(stored, rows[-1])
    # What the newest results can still become is not judged unless asked for.
    code, out, _ = run("verify", str(stored.path), "--json", capsys=capsys)
    settled = json.loads(out)
    assert (code, settled["accuracy"]) == (0, 100.0)
    assert 0 < settled["measurements"]["per_shop"]["equal"] < len(rows)

    begin = datetime.fromtimestamp(rows[len(rows) // 2]["time_ns"] / 1e9, UTC).isoformat()
    arguments = ["verify", str(stored.path), "--from", begin, *to_end, "--at-least"]
    code, out, _ = run(*arguments, "99.999", capsys=capsys)
    told = json.loads(out)
    assert (code, told["different"], told["missing"], told["extra"]) == (1, 1, 0, 0)
    assert 0 < told["measurements"]["per_shop"]["equal"] < len(rows)
    assert told["examples"][0].startswith(f"different per_shop {rows[-1]['time_ns']}")
    assert "amount_sum is 12345" in told["examples"][0]
    assert run(*arguments, "90", capsys=capsys)[0] == 0


def test_what_was_there_before_a_start_at_the_latest_message_is_not_missed(
    tmp_path: Path,
    kafka: Kafka,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recovery = tmp_path / "recovery"
    recovery.mkdir()
    init_db_dir(recovery, 1)  # type: ignore[no-untyped-call]  # it has no types
    with private_copy(PIPELINE, tmp_path, kafka, None) as copy:
        text = copy.path.read_text()
        assert "start: earliest" in text
        copy.path.write_text(text.replace("start: earliest", "start: latest"))
        (source,) = copy.pipeline.sources.values()
        topic = kafka.topic(source.kafka.topic, partitions=1)
        for name, setting in copy.environment.items():
            monkeypatch.setenv(name, setting)
        _sell(kafka, topic, range(300))
        options = ["-r", str(recovery), "-s", "1", "-b", "0"]
        for numbers in (range(300, 600), range(600, 900)):
            with running_flow(copy.path, Shape(), copy.environment, options) as members:
                wait(partial(_claimed, copy, numbers.start // 300), members)
                _sell(kafka, topic, numbers)
                wait(partial(_read, copy, numbers.stop - 300), members)
                ask_to_end(members)
        rows = copy.records("per_shop")
        code, out, _ = run("verify", str(copy.path), "--json", capsys=capsys)
    told = json.loads(out)
    assert rows
    assert (code, told["accuracy"], told["missing"], told["extra"]) == (0, 100.0, 0, 0), told
    assert all(told["measurements"][name]["equal"] for name in ("per_shop", "overall"))


def test_what_is_no_store_is_told_before_a_message_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    (tmp_path / "store.db").write_text("no database")
    for name, told in (("store.db", "cannot be read as a store"), ("none.db", "no such file")):
        path = str(tmp_path / name)
        code, _, error = run("verify", str(PIPELINE), "--embedded", path, capsys=capsys)
        assert (code, told in error, error.count("\n")) == (2, True, 1), error


def _sell(kafka: Kafka, topic: str, seconds: range) -> None:
    """A sale a second."""
    producer = kafka.producer()
    for second in seconds:
        sale = {"ts": 1_000 * second, "shop": "s", "till": 1, "amount": second, "status": "ok"}
        producer.produce(topic, json.dumps(sale), partition=0)
    producer.flush()


def _claimed(copy: PrivateCopy, times: int) -> bool:
    """Whether so many runs have begun to read."""
    name = copy.pipeline.journal_topic
    there = name in copy.kafka.admin().list_topics().topics
    entries = [read_entry(one.value()) for one in copy.kafka.read(name)] if there else []
    return sum(isinstance(entry, Claim) for entry in entries) == times


def _read(copy: PrivateCopy, messages: int) -> bool:
    """Whether so many messages are in the ledger."""
    return sum(int(row["read"]) for row in copy.records("ledger")) == messages


def _falsify(stored: PrivateCopy, row: dict[str, Any]) -> None:
    if stored.influxdb is None:
        with closing(sqlite3.connect(stored.database)) as connection, connection:
            connection.execute(
                "UPDATE per_shop SET amount_sum = 12345 WHERE time_ns = ? AND shop = ?",
                [row["time_ns"], row["shop"]],
            )
        return
    about = stored_of(catalogue_of(stored.pipeline), "per_shop")
    tags = "".join(
        f",{tag}={escaped_tag(row[tag])}" for tag in sorted(about.tags) if row.get(tag) is not None
    )
    line = f"per_shop{tags} amount_sum=12345 {row['time_ns']}"
    assert stored.pipeline.output.influxdb is not None
    with stored.influxdb.client() as client, client.write_api(SYNCHRONOUS) as api:
        api.write(stored.pipeline.output.influxdb.bucket, record=line)
