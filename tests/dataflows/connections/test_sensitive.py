"""A sensitive field of a real flow: its values are nowhere that the flow has written to."""

import json
import time
from pathlib import Path

from bytewax.recovery import init_db_dir

from benchmarks.private_copy import private_copy
from operators.intake.sensitive import KeyedHash
from tests.dataflows.shop.files import PIPELINE
from tests.dataflows.starting import start
from tests.services.kafka import Kafka

KEY = "a key that only we know"
SHOP = "the-shop-round-the-corner"


def test_no_value_is_in_stores_topics_letters_state_or_messages(
    tmp_path: Path, kafka: Kafka
) -> None:
    file = tmp_path / "shop.yaml"
    text = PIPELINE.read_text().replace("kafka: {}", "kafka: {events: true}")
    file.write_text(text.replace("shop: {type: string}", "shop: {type: string, sensitive: true}"))
    state = tmp_path / "recovery"
    state.mkdir()
    init_db_dir(state, 2)  # type: ignore[no-untyped-call]  # it has no types
    now = time.time_ns() // 1_000_000
    event = {"ts": now, "shop": SHOP, "till": 1, "amount": 1.5, "quantity": 1, "status": "ok"}
    messages = [
        json.dumps(event),
        json.dumps(event | {"amount": "wrong", "note": SHOP}),
        json.dumps(event | {"shop": [SHOP]}),
        json.dumps(event)[:-1],
    ]
    with private_copy(file, tmp_path, kafka, None) as copy:
        (source,) = copy.pipeline.sources.values()
        topic = kafka.topic(source.kafka.topic, partitions=1)
        producer = kafka.producer()
        for message in messages:
            producer.produce(topic, message)
        producer.flush()
        environment = {**copy.environment, "TIDEGAUGE_HASH_KEY": KEY}
        done = start(copy.path, environment, ["-r", str(state), "-s", "1", "-b", "0"])
        assert done.code == 0, done
        hashed = KeyedHash(KEY)(SHOP)
        assert hashed in {row["shop"] for row in copy.records("per_shop")}
        sent = [
            (one.key() or b"") + (one.value() or b"")
            # A bounded run keeps no journal.
            for name in copy.topics - {topic, copy.pipeline.journal_topic}
            for one in kafka.read(name)
        ]
        letters = [one for one in sent if b'"encoding"' in one]
        assert len(letters) == len(messages) - 1
        assert any(hashed.encode() in one for one in letters)
        written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    told = [done.out.encode(), *(line.encode() for line in done.lines)]
    assert not [one for one in [*sent, *written, *told] if SHOP.encode() in one]
