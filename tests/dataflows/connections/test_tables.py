"""Tables beside a running flow: read before the first event, followed, read again at a restart."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import init_db_dir
from confluent_kafka import Producer

from benchmarks.flow_process import Member, Shape, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.dataflows.heat import BASE_MS, value_of
from tests.dataflows.interrupted import ask_to_end, wait
from tests.services.kafka import Kafka

PIPELINE = """\
version: 1
pipeline: cards
tables:
  customers:
    kafka: {topic: customers}
    key: id
    fields: {id: {type: string}, segment: {type: string}}
  shops:
    file: shops.csv
    key: shop
    fields: {shop: {type: int}, city: {type: string}}
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: ts, format: epoch_ms}
    fields: {customer: {type: string}, shop: {type: int}}
    enrich:
      customers: {on: customer, fields: [segment]}
      shops: {on: shop, fields: [city]}
    filter: segment IS NULL OR segment <> 'test'
    derive: {gold: segment = 'gold'}
output:
  kafka: {events: true}
"""
SHOPS = "shop,city\n1,Bonn\n"
PATIENCE_S = 180


@dataclass
class Cards:
    """A pipeline with its topics, and the events it has sent on."""

    copy: PrivateCopy
    shops: Path
    recovery: Path
    producer: Producer
    sent: int = 0

    @property
    def customers(self) -> str:
        """Topic of the table."""
        table = self.copy.pipeline.tables["customers"]
        assert table.kafka is not None
        return table.kafka.topic

    def customer(self, name: str, segment: str | None) -> None:
        """Write a row of the table, or a tombstone."""
        value = None if segment is None else json.dumps({"segment": segment})
        self.producer.produce(self.customers, value, name)
        self.producer.flush()

    def pay(self, customer: str, shop: int = 1) -> None:
        """Write an event."""
        event = {"ts": BASE_MS + self.sent, "customer": customer, "shop": shop}
        self.sent += 1
        self.producer.produce(self.copy.pipeline.sources["payments"].kafka.topic, json.dumps(event))
        self.producer.flush()

    def events(self) -> list[dict[str, Any]]:
        """All processed events."""
        return list(map(value_of, self.copy.kafka.read(self.copy.output.topic)))

    def last(self, customer: str) -> tuple[Any, ...]:
        """What the newest event says after one more payment of the customer."""
        self.pay(customer)
        found = [event for event in self.events() if event.get("customer") == customer]
        return tuple(found[-1].get(name) for name in ("segment", "city", "gold")) if found else ()


@pytest.fixture
def cards(tmp_path: Path, kafka: Kafka) -> Iterator[Cards]:
    file, shops, recovery = tmp_path / "cards.yaml", tmp_path / "shops.csv", tmp_path / "recovery"
    file.write_text(PIPELINE)
    shops.write_text(SHOPS)
    recovery.mkdir()
    init_db_dir(recovery, 1)  # type: ignore[no-untyped-call]  # it has no types
    with private_copy(file, tmp_path, kafka, None) as copy:
        made = Cards(copy, shops, recovery, kafka.producer())
        kafka.topic(copy.output.topic, partitions=1)
        kafka.topic(copy.pipeline.sources["payments"].kafka.topic, partitions=1)
        kafka.topic(made.customers, partitions=2, config={"cleanup.policy": "compact"})
        yield made


def started(cards: Cards) -> Any:
    """The flow, saving its state every second."""
    options = ["-r", str(cards.recovery), "-s", "1", "-b", "0"]
    return running_flow(cards.copy.path, Shape(), cards.copy.environment, options)


def test_changes_are_seen_while_running_and_after_a_restart(cards: Cards) -> None:
    for number in range(300):
        cards.customer(f"c{number}", "gold")
    cards.customer("probe", "test")
    cards.pay("probe")
    cards.pay("c299")
    with started(cards) as members:
        wait(lambda: len(cards.events()) >= 1, members)
        (first, *_) = cards.events()
        assert (first["customer"], first["segment"], first["city"]) == ("c299", "gold", "Bonn")
        cards.customer("c299", "silver")
        wait(lambda: cards.last("c299") == ("silver", "Bonn", False), members)
        cards.shops.write_text(SHOPS.replace("Bonn", "Köln"))
        wait(lambda: cards.last("c299") == ("silver", "Köln", False), members)
        cards.customer("c299", None)
        wait(lambda: cards.last("c299") == (None, "Köln", None), members)
        ask_to_end(members)
    before = len(cards.events())
    cards.customer("c298", "bronze")
    cards.pay("c298")
    with started(cards) as members:
        wait(lambda: len(cards.events()) > before, members)
        ask_to_end(members)
    # What was written at the end of the first run is not lost, and none meets an older table.
    newest = [event for event in cards.events() if event["customer"] == "c298"]
    assert [(event["segment"], event["city"]) for event in newest] == [("bronze", "Köln")]


def test_while_running_a_wrong_row_is_told_once_and_the_old_ones_stay(cards: Cards) -> None:
    cards.customer("a", "gold")
    with started(cards) as members:
        wait(lambda: cards.last("a") == ("gold", "Bonn", True), members)
        cards.shops.write_text("shop,city\none,Ulm\n")
        wait(lambda: "shop is 'one'" in members[0].output, members)
        cards.shops.write_text(SHOPS.replace("Bonn", "Ulm"))
        wait(lambda: cards.last("a") == ("gold", "Ulm", True), members)
        ask_to_end(members)
        (line,) = (line for line in members[0].output.splitlines() if "shop is" in line)
    assert "row 1: shop is 'one', allowed is int; the table stays as it was" in line
    assert {event["city"] for event in cards.events()} == {"Bonn", "Ulm"}


def refused(members: list[Member]) -> list[str]:
    """Lines of a flow that ends with exit code 2."""
    assert members[0].process.wait(PATIENCE_S) == 2
    return members[0].output.splitlines()


def test_at_the_start_what_is_wrong_is_a_line_for_each_table(cards: Cards) -> None:
    cards.shops.write_text("shop,city\n1,Bonn\n1,Ulm\n")
    cards.copy.kafka.delete_topic(cards.customers)
    with started(cards) as members:
        of_file, of_topic = refused(members)
    place = f"tables.shops: {cards.shops}: "
    assert of_file == f"{place}row 2: shop is 1, as in a row before"
    assert of_topic.startswith(f"Kafka topic '{cards.customers}' does not exist")
    cards.copy.kafka.topic(cards.customers, partitions=1)
