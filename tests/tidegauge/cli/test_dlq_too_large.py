"""A redrive goes on after messages that are too large, and tells the truth about each."""

import json
import os
import time

from typer.testing import CliRunner

from connectors.kafka.letters.handling import CHUNK
from tests.services.kafka import Kafka
from tests.tidegauge.cli.test_dlq import Shop, shop
from tidegauge.cli import app

__all__ = ["shop"]

RUNNER = CliRunner()


def refused(shop: Shop, large: dict[int, int], count: int) -> None:
    """Letters about so many messages, of which some have so many bytes more."""
    now = time.time_ns() // 1_000_000
    shop.allow_ahead("1s")
    events = [{"ts": now + 3_600_000 + number, "shop": "s", "n": number} for number in range(count)]
    for number, size in large.items():
        events[number]["padding"] = os.urandom(size // 2).hex()
    shop.file.write_text(shop.file.read_text().replace("limit: 0.5", "limit: 1"))
    shop.send(events)
    shop.run(until_letters=count)
    shop.allow_ahead("2h")


def resent(shop: Shop, after: int) -> list[int]:
    messages = shop.kafka.read(f"{shop.name}-sales")[after:]
    return sorted(json.loads(message.value() or b"")["n"] for message in messages)


def test_messages_that_are_too_large_now_are_told_and_the_others_are_sent(shop: Shop) -> None:
    refused(shop, {1: 9_000, 4: 6_000}, 6)
    shop.kafka.limit_messages(f"{shop.name}-sales", 3_000)
    done = shop.dlq("redrive", "--yes", code=1)
    assert done["sent"] == 4
    told = {one["offset"]: (one["sends"], one["why"]) for one in done["letters"]}
    too_large = (False, "larger than the topic's max.message.bytes")
    assert told == {number: too_large if number in (1, 4) else (True, None) for number in range(6)}
    assert resent(shop, 6) == [0, 2, 3, 5]
    open_ = {one["offset"]: one["state"] for one in shop.dlq("list")}
    assert open_ == {1: "open", 4: "open"}

    shown = RUNNER.invoke(app, ["dlq", "redrive", str(shop.file), "--yes"])
    assert shown.exit_code == 1
    lines = shown.stdout.splitlines()
    assert sum(line.startswith("not sent: ") for line in lines) == 2
    assert lines[-1] == "0 sent"
    shop.kafka.limit_messages(f"{shop.name}-sales", 30_000)
    assert shop.dlq("redrive", "--yes")["sent"] == 2
    assert resent(shop, 10) == [1, 4]


def test_more_letters_than_a_transaction_has_are_sent_around_one_that_is_too_large(
    shop: Shop,
) -> None:
    refused(shop, {CHUNK + 3: 9_000}, CHUNK + 20)
    shop.kafka.limit_messages(f"{shop.name}-sales", 3_000)
    done = shop.dlq("redrive", "--yes", code=1)
    assert done["sent"] == CHUNK + 19
    assert resent(shop, CHUNK + 20) == [
        number for number in range(CHUNK + 20) if number != CHUNK + 3
    ]


def test_a_letter_about_a_record_that_was_refused_is_no_message_to_send(
    shop: Shop, kafka: Kafka
) -> None:
    shop.allow_ahead("1s")
    letter = {
        "kind": "refused",
        "reason": "larger",
        "topic": "kafka:out",
        "partition": -1,
        "offset": None,
        "payload": "{}",
        "encoding": "utf-8",
    }
    topic = kafka.topic(f"{shop.name}-dead-letters", partitions=1)
    producer = kafka.producer()
    producer.produce(topic, json.dumps(letter))
    producer.flush()
    (one,) = shop.dlq("redrive", "--yes", code=1)["letters"]
    assert (one["sends"], one["why"]) == (
        False,
        "it is about a record that a store or topic refused, which is no message of a source",
    )
