"""Patterns in a flow that is ended, whose file is changed, and that goes on; with a real broker."""

import json
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import init_db_dir

from benchmarks.flow_process import Member, Shape, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.dataflows.heat import BASE_MS, value_of
from tests.dataflows.interrupted import ask_to_end, wait
from tests.services.kafka import Kafka
from tidegauge.cli import main

PIPELINE = """\
version: 1
pipeline: orders
sources:
  orders:
    kafka: {topic: orders}
    event_time: {field: ts, format: epoch_ms, out_of_orderness: 1s, idle_after: 10m}
    fields: {order: {type: string}, amount: {type: float}}
  payments:
    kafka: {topic: payments}
    event_time: {field: ts, format: epoch_ms, out_of_orderness: 1s, idle_after: 10m}
    fields: {order: {type: string}, paid: {type: float}}
patterns:
  settled:
    from: [orders, payments]
    by: [order]
    match: "placed payment+[->] -> rest"
    define:
      placed: "_source = 'orders'"
      payment: "paid > 0"
      rest: "paid >= LAST(placed.amount) - SUM(payment.paid)"
    measures: {amount: placed.amount, payments: COUNT(payment)}
    within: 60s
  unpaid:
    from: [orders, payments]
    by: [order]
    match: "placed -> !paid"
    define: {placed: "amount > 0", paid: "paid > 0"}
    within: 60s
  overpaid:
    from: [orders, payments]
    by: [order]
    match: "placed -> much"
    define: {placed: "amount > 0", much: "paid > 50"}
    within: 60s
  seen:
    from: [orders, payments]
    match: "any"
    order: arrival
alerts:
  owed: {when: "match(unpaid)", level: 8, summary: "{order} is not paid"}
output:
  kafka: {}
"""


def send(copy: PrivateCopy, source: str, *events: tuple[int, str, float]) -> None:
    """Write events (second, order, number) into the topic of a source."""
    field = "amount" if source == "orders" else "paid"
    producer = copy.kafka.producer()
    for second, order, number in events:
        value = {"ts": BASE_MS + second * 1_000, "order": order, field: number}
        producer.produce(copy.pipeline.sources[source].kafka.topic, json.dumps(value).encode())
    producer.flush()


def seconds(copy: PrivateCopy, pattern: str) -> list[tuple[int, Any]]:
    """Second and order of the matches that are stored."""
    rows = copy.records(pattern)
    found = [(int(row["time_ns"]) // 10**9 - BASE_MS // 1_000, row.get("order")) for row in rows]
    return sorted(found, key=lambda one: (one[0], str(one[1])))


def wait_for(copy: PrivateCopy, members: list[Member], pattern: str, matches: int) -> None:
    """Wait until so many matches are stored."""
    wait(lambda: len(seconds(copy, pattern)) >= matches, members)


def test_a_running_flow_takes_other_patterns_from_an_event_time_on(
    tmp_path: Path,
    kafka: Kafka,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, edited = tmp_path / "orders.yaml", tmp_path / "edited.yaml"
    file.write_text(PIPELINE)
    with private_copy(file, tmp_path, kafka, None) as copy:
        for source in copy.pipeline.sources.values():
            kafka.topic(source.kafka.topic, partitions=1)
        for name, value in copy.environment.items():
            monkeypatch.setenv(name, value)
        edited.write_text(copy.path.read_text().replace("paid > 50", "paid > 20"))
        at_ns = str((BASE_MS + 100_000) * 10**6)
        with running_flow(copy.path, Shape(workers=2), copy.environment) as members:
            send(copy, "orders", (0, "o1", 1.0), (1, "o2", 1.0), (99, "o3", 1.0))
            wait_for(copy, members, "seen", 3)
            for arguments in (
                ["apply", str(copy.path), str(edited), "--effective", at_ns],
                ["history", str(copy.path)],
            ):
                with pytest.raises(SystemExit) as ended:
                    main(["patterns", *arguments])
                assert not ended.value.code
            assert "from 2023-11-14T22:15:00.000+00:00 on: settled" in capsys.readouterr().out
            send(copy, "payments", (5, "o1", 30.0), (6, "o2", 60.0))
            send(copy, "orders", (101, "o4", 1.0), (200, "none", 1.0))
            send(copy, "payments", (102, "o4", 30.0), (103, "o3", 30.0), (200, "none", 1.0))
            wait_for(copy, members, "overpaid", 2)
            ask_to_end(members)
        # The changed pattern began anew at the change: the run of o3 is gone.
        assert seconds(copy, "overpaid") == [(6, "o2"), (102, "o4")]


def test_patterns_that_stay_the_same_keep_their_runs_over_an_end_and_a_changed_file(
    tmp_path: Path, kafka: Kafka
) -> None:
    file, recovery = tmp_path / "orders.yaml", tmp_path / "recovery"
    file.write_text(PIPELINE)
    recovery.mkdir()
    init_db_dir(recovery, 2)  # type: ignore[no-untyped-call]  # it has no types
    options = ["-r", str(recovery), "-s", "1", "-b", "0"]
    with private_copy(file, tmp_path, kafka, None) as copy:
        for source in copy.pipeline.sources.values():
            kafka.topic(source.kafka.topic, partitions=1)
        send(copy, "orders", (0, "o1", 100.0), (1, "o2", 40.0), (20, "o3", 5.0))
        send(copy, "payments", (5, "o1", 30.0), (20, "none", 1.0))
        with running_flow(copy.path, Shape(workers=2), copy.environment, options) as members:
            wait_for(copy, members, "seen", 5)
            ask_to_end(members)
        assert not seconds(copy, "settled")

        copy.path.write_text(copy.path.read_text().replace("paid > 50", "paid > 60"))
        send(copy, "payments", (25, "o1", 70.0), (27, "none", 1.0), (200, "none", 1.0))
        send(copy, "orders", (200, "none", 1.0))
        agreed = {**copy.environment, "TIDEGAUGE_ACCEPT_RESET": "all"}
        with running_flow(copy.path, Shape(), agreed, options) as members:
            wait_for(copy, members, "unpaid", 2)
            ask_to_end(members)

        assert seconds(copy, "settled") == [(25, "o1")]
        (settled,) = copy.records("settled")
        assert (settled["amount"], settled["payments"], settled["events"]) == (100.0, 1, 3)
        assert seconds(copy, "unpaid") == [(61, "o2"), (80, "o3")]
        assert not seconds(copy, "overpaid")
        assert len(seconds(copy, "seen")) == 9
        told = [value_of(one) for one in kafka.read(copy.output.critical_topic)]
        assert [one["fields"]["summary"] for one in told] == ["o2 is not paid", "o3 is not paid"]
        kinds = {value_of(one)["signal"] for one in kafka.read(copy.output.topic)}
        assert kinds == {"settled", "unpaid", "seen"}
