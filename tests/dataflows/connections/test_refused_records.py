"""Records that an output refuses while the flow runs: dead letters in their topic and the store."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.flow_process import Shape, running_flow, wait_for_end
from connectors.embedded.reader import open_store
from tests.services.kafka import Kafka
from tests.services.names import unique

FILE = """\
version: 1
pipeline: NAME
sources:
  s:
    kafka: {topic: NAME}
    event_time: {field: t, format: epoch_ms, out_of_orderness: 0s, lateness: 10s}
    fields: {s: {type: string}}
    limits: {key_bytes: 65536}
windows:
  w: {from: s, tumbling: {size: 1s}, by: [s], select: {n: count(*)}}
alerts:
  any: {when: "w.n > 0", level: 9, summary: "{s}"}
output:
  kafka: {topic: NAME-out, critical_topic: NAME-critical, delivery: DELIVERY}
"""
START_MS = 1_700_000_000_000
LIMIT = 4_000


@dataclass
class Flow:
    """A pipeline whose output topics take small messages."""

    kafka: Kafka
    folder: Path
    delivery: str
    name: str = field(default_factory=lambda: unique("refused"))
    small: tuple[str, ...] = ("out", "critical")

    def run(self, *texts: str) -> str:
        """Events with these texts, a second apart, through the flow to their end; its log."""
        self.kafka.topic(self.name, partitions=1, config={"max.message.bytes": "4000000"})
        for suffix in ("out", "critical", "dead-letters"):
            config = {"max.message.bytes": str(LIMIT)} if suffix in self.small else {}
            self.kafka.topic(f"{self.name}-{suffix}", partitions=1, config=config)
        producer = self.kafka.producer()
        for number, text in enumerate(texts):
            event = {"t": START_MS + 1_000 * number, "s": text}
            producer.produce(self.name, json.dumps(event), timestamp=START_MS + 1_000 * number)
        producer.flush()
        file = self.folder / "p.yaml"
        file.write_text(FILE.replace("NAME", self.name).replace("DELIVERY", self.delivery))
        store = {"TIDEGAUGE_STORE": str(self.folder / "store.db")}
        bounded = {"TIDEGAUGE_BOUNDED": "1"}
        environment = {"KAFKA_BOOTSTRAP": self.kafka.bootstrap, **store, **bounded}
        with running_flow(file, Shape(), environment) as (member,):
            wait_for_end([member])
            return member.output

    def sent(self, suffix: str) -> list[dict[str, Any]]:
        """What is in an output topic."""
        messages = self.kafka.read(f"{self.name}-{suffix}")
        return [json.loads(message.value() or b"") for message in messages]

    def stored(self, columns: str) -> list[tuple[Any, ...]]:
        """Dead letters in the store."""
        with closing(open_store(self.folder / "store.db")) as store:
            found = store.execute(f"SELECT {columns} FROM dead_letters ORDER BY topic, time_ns")
            return [tuple(row) for row in found]


@pytest.fixture(params=["exactly_once", "low_latency"])
def flow(request: pytest.FixtureRequest, tmp_path: Path, kafka: Kafka) -> Iterator[Flow]:
    made = Flow(kafka, tmp_path, request.param)
    yield made
    for topic in kafka.admin().list_topics(timeout=60).topics:
        if topic.startswith(made.name):
            kafka.delete_topic(topic)


def test_records_too_large_for_their_topics_are_letters_and_the_others_are_sent(flow: Flow) -> None:
    large = os.urandom(3_000).hex()
    log = flow.run("a", large, "b")
    assert sorted(one["tags"]["s"] for one in flow.sent("out")) == ["a", "b"]
    assert {one["tags"]["s"] for one in flow.sent("critical")} == {"a", "b"}
    letters = flow.sent("dead-letters")
    told = {(one["kind"], one["topic"], one["reason"]) for one in letters}
    reason = "larger than the topic's max.message.bytes"
    assert told == {
        ("refused", f"kafka:{flow.name}-{suffix}", reason) for suffix in ("out", "critical")
    }
    assert all(large in one["payload"] for one in letters)
    (of_window, *_) = (json.loads(one["detail"]) for one in letters if "-out" in one["topic"])
    assert of_window["signal"] == "w"
    assert of_window["tags"]["s"] == large[:199] + "…"
    assert large[:199] + "…" in log
    assert large[:200] not in log
    assert len(flow.stored("topic")) == len(letters)


def test_a_letter_too_large_for_its_topic_is_sent_without_its_payload(flow: Flow) -> None:
    flow.small = ("out", "critical", "dead-letters")
    large = os.urandom(3_000).hex()
    flow.run("a", large, "b")
    letters = flow.sent("dead-letters")
    assert {one["topic"] for one in letters} == {
        f"kafka:{flow.name}-{suffix}" for suffix in ("out", "critical")
    }
    assert {(one["payload"], one["encoding"]) for one in letters} == {(None, "withheld")}
    assert all(one["size"] > len(large) for one in letters)
    assert all(large in payload for (payload,) in flow.stored("payload"))


def test_a_topic_that_takes_less_than_the_others_does_not_limit_them(flow: Flow) -> None:
    flow.small = ("dead-letters",)
    large = os.urandom(3_000).hex()
    flow.run("a", large, "b")
    assert {one["tags"]["s"] for one in flow.sent("out")} == {"a", large, "b"}
    assert flow.sent("dead-letters") == []


def test_what_compresses_below_the_limit_of_its_topic_is_sent(flow: Flow) -> None:
    large = "x" * 3 * LIMIT
    flow.run("a", large, "b")
    for suffix in ("out", "critical"):
        assert {one["tags"]["s"] for one in flow.sent(suffix)} == {"a", large, "b"}
    assert flow.sent("dead-letters") == []
