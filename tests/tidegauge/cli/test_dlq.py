"""Dead letters by command: a refused message, sent again, ends where a good one would have."""

import json
import signal
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import init_db_dir
from typer.testing import CliRunner

from benchmarks.flow_process import Shape, running_flow, wait_for_end
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until
from tidegauge.cli import app

FILE = """\
version: 1
pipeline: NAME
sources:
  sales:
    kafka: {topic: NAME-sales}
    event_time: {field: ts, format: epoch_ms, max_future: AHEAD, out_of_orderness: 1h}
    fields:
      shop: {type: string}
windows:
  per_shop:
    from: sales
    tumbling: {size: 10s}
    by: [shop]
    select: {count: count(*)}
dead_letters: {limit: 0.5, window: 100, least: 50}
output:
  kafka: {topic: NAME-records, critical_topic: NAME-critical}
"""
HOUR_MS = 3_600_000
PATIENCE_S = 180
RUNNER = CliRunner()


@dataclass
class Shop:
    """A pipeline of its own, driven by commands."""

    kafka: Kafka
    folder: Path
    name: str = field(default_factory=lambda: unique("shop"))

    @property
    def file(self) -> Path:
        """The pipeline file."""
        return self.folder / "shop.yaml"

    def allow_ahead(self, ahead: str, on_limit: str = "stop") -> None:
        """Write the file: how far events may be ahead of their Kafka timestamp."""
        text = FILE.replace("least: 50", f"least: 50, on_limit: {on_limit}")
        self.file.write_text(text.replace("NAME", self.name).replace("AHEAD", ahead))

    def send(self, values: Sequence[Any]) -> None:
        """Messages into the only partition; what is no object goes as it is."""
        producer = self.kafka.producer()
        for value in values:
            raw = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
            producer.produce(f"{self.name}-sales", raw, b"key", 0, headers=[("trace", b"t")])
        producer.flush(60)

    def run(self, *, until_letters: int | None = None) -> str:
        """The flow, from where it was: to the end of the topic, or until there are letters."""
        environment = {
            "KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "TIDEGAUGE_STORE": str(self.folder / "store.db"),
            **({"TIDEGAUGE_BOUNDED": "1"} if until_letters is None else {}),
        }
        options = ["-r", str(self.folder / "state"), "-s", "1", "-b", "0"]
        with running_flow(self.file, Shape(), environment, options) as members:
            if until_letters is not None:
                topic, admin = f"{self.name}-dead-letters", self.kafka.admin()
                assert wait_until(
                    lambda: topic in admin.list_topics(timeout=60).topics, seconds=PATIENCE_S
                ), members[0].output
                assert wait_until(
                    lambda: len(self.kafka.read(topic)) >= until_letters, seconds=PATIENCE_S
                ), members[0].output
                members[0].process.send_signal(signal.SIGTERM)
                wait_for_end(members)
            members[0].process.wait(PATIENCE_S)
            assert members[0].process.returncode in (0, 2), members[0].output
            return members[0].output

    def counted(self) -> int:
        """Events in the window results of the store."""
        with closing(sqlite3.connect(self.folder / "store.db")) as store:
            (found,) = store.execute("SELECT sum(count) FROM per_shop").fetchone()
        return int(found or 0)

    def dlq(self, command: str, *options: str, code: int = 0) -> Any:
        """The JSON of a command."""
        done = RUNNER.invoke(app, ["dlq", command, str(self.file), *options, "--json"])
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.stdout)


@pytest.fixture
def shop(kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    made = Shop(kafka, tmp_path)
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka.bootstrap)
    kafka.topic(f"{made.name}-sales", partitions=1)
    (tmp_path / "state").mkdir()
    init_db_dir(tmp_path / "state", 1)  # type: ignore[no-untyped-call]  # it has no types
    yield made
    for topic in kafka.admin().list_topics(timeout=60).topics:
        if topic.startswith(made.name):
            kafka.delete_topic(topic)


def event(ts: int, shop: str = "a") -> dict[str, Any]:
    return {"ts": ts, "shop": shop}


def test_a_message_sent_again_ends_where_a_good_one_would_have(shop: Shop) -> None:
    now = time.time_ns() // 1_000_000
    good = [event(now - number) for number in range(10)]
    ahead = [event(now + HOUR_MS + number, "ahead") for number in range(3)]
    shop.allow_ahead("1s")
    shop.send([*good, *ahead, b"{", event(now - 3 * HOUR_MS, "late")])
    shop.run(until_letters=5)

    letters = shop.dlq("list")
    assert sorted(one["kind"] for one in letters) == [
        "broken",
        "future",
        "future",
        "future",
        "late",
    ]
    assert {one["attempt"] for one in letters} == {1}
    assert letters[0]["origin"] == f"{shop.name}-sales-0@{letters[0]['offset']}"
    # Nothing would change by sending them to the flow as it is.
    assert shop.dlq("redrive", "--yes", code=1)["sent"] == 0

    shop.allow_ahead("2h")
    plan = shop.dlq("redrive", "--dry-run", code=1)
    prospects = {one["kind"]: one["prospect"] for one in plan["letters"]}
    assert prospects == {"future": "good", "broken": "broken", "late": "late"}
    assert shop.dlq("redrive", "--yes", code=1)["sent"] == 3
    assert shop.dlq("redrive", "--kind", "future", "--yes") == {
        "dry_run": False,
        "sent": 0,
        "handled": 3,
        "letters": [],
    }
    (late,) = shop.dlq("list", "--kind", "late")
    assert shop.dlq("redrive", late["id"][:12], "--yes", "--force")["sent"] == 1
    (broken,) = shop.dlq("list")
    assert shop.dlq("drop", "--text", "{", "--kind", "broken", "--yes")["dropped"] == 1
    assert shop.dlq("list") == []

    resent = shop.kafka.read(f"{shop.name}-sales")[15:]
    assert [message.key() for message in resent] == [b"key"] * 4
    headers = dict(resent[-1].headers() or [])
    assert headers == {
        "trace": b"t",
        "tidegauge-origin": late["origin"].encode(),
        "tidegauge-attempt": b"2",
        "tidegauge-letter": late["id"].encode(),
    }

    shop.run()
    assert shop.counted() == 13
    last = json.loads(shop.kafka.read(f"{shop.name}-dead-letters")[-1].value() or b"")
    assert (last["attempt"], last["origin"], last["key"]) == (2, late["origin"], "key")
    (again,) = shop.dlq("list")
    assert (again["kind"], again["attempt"]) == ("late", 2)
    assert again["origin"] == late["origin"] != str(again["offset"])
    states = {one["id"]: one["state"] for one in shop.dlq("list", "--all")}
    assert states[broken["id"]] == "dropped"
    assert states[late["id"]] == "redriven"
    assert sorted(states.values()).count("redriven") == 4
    shown = RUNNER.invoke(app, ["dlq", "show", str(shop.file), late["id"]])
    assert late["reason"] in " ".join(shown.stdout.split())


def test_a_wrong_file_stops_the_flow_and_loses_nothing(shop: Shop) -> None:
    now = time.time_ns() // 1_000_000
    shop.allow_ahead("1s")
    shop.send([event(now - number) for number in range(40)])
    shop.send([event(now + HOUR_MS + number) for number in range(300)])
    told = shop.run().splitlines()
    assert told[-1].startswith(f"kafka: {shop.name}-sales-0: 50 of the last 90 messages became")
    assert not [line for line in told if "Traceback" in line]
    assert shop.dlq("list") == []
    shop.allow_ahead("2h")
    shop.run()
    assert shop.counted() == 340


def test_a_flow_that_stopped_goes_on_in_quarantine_and_loses_nothing(shop: Shop) -> None:
    now = time.time_ns() // 1_000_000
    shop.allow_ahead("1s")
    shop.send([event(now - number) for number in range(40)])
    shop.send([event(now + HOUR_MS + number) for number in range(300)])
    shop.send([event(now - number) for number in range(100)])
    for _ in range(2):
        last = shop.run().splitlines()[-1]
        assert f"kafka: {shop.name}-sales-0: 50 of the last 90 messages became" in last
        assert "dead_letters.on_limit: quarantine" in last
    shop.allow_ahead("1s", "quarantine")
    told = shop.run(until_letters=51)
    assert "the partition is in quarantine, and the flow goes on" in told
    assert "the quarantine is over before offset" in told
    letters = shop.dlq("list")
    assert [one["kind"] for one in letters] == ["future"] * 50 + ["quarantined"]
    assert letters[-1]["detail"]["events"] == 250
    assert letters[-1]["detail"]["offsets"] == [[90, 339]]
    assert letters[-1]["reason"].startswith(
        "250 messages of offsets 90 to 339 were refused (250 future), the first as future: event"
    )
    shop.allow_ahead("2h", "quarantine")
    assert shop.dlq("redrive", "--yes", "--kind", "quarantined")["sent"] == 250
    assert [one["kind"] for one in shop.dlq("list")] == ["future"] * 50
    assert shop.dlq("redrive", "--yes")["sent"] == 50
    assert shop.dlq("list") == []
    shop.run()
    assert shop.counted() == 440


def test_what_is_asked_for_in_vain_is_said(shop: Shop) -> None:
    shop.allow_ahead("1s")
    done = RUNNER.invoke(app, ["dlq", "list", str(shop.file)])
    assert "has never run on this broker" in str(done.exception)
