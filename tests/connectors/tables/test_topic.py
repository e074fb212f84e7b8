"""A table in a compacted topic of a real broker: read to its end, then followed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest
from confluent_kafka.cimpl import NewPartitions
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from connectors.tables.follower import Follower
from connectors.tables.topic import TopicTable
from tests.connectors.kafka.batches import append, zstd_bomb
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.errors import Stop, UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Table

TABLE = Table.model_validate(
    {"kafka": {"topic": "t"}, "key": "k", "fields": {"k": {"type": "string"}, "v": {"type": "int"}}}
)
PARTITIONS = 3


@dataclass
class Topic:
    """A compacted topic, and what tables made of it."""

    kafka: Kafka
    name: str
    rows: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    opened: list[TopicTable] = field(default_factory=list)

    def write(self, **values: Any) -> None:
        """A message of each key; None is a tombstone, a text is sent as it is."""
        producer = self.kafka.producer()
        for key, value in values.items():
            text = value if value is None or isinstance(value, str) else json.dumps({"v": value})
            producer.produce(self.name, text, key)
        producer.flush()

    def table(self, *, skips: bool = True, **settings: Any) -> TopicTable:
        """A table that reads it."""
        where = Settings(
            _env_file=None, KAFKA_BOOTSTRAP=self.kafka.bootstrap, KAFKA_FETCH_WAIT_MS=10, **settings
        )
        place = self.name, PARTITIONS
        group = unique("group")
        told = self._replace, self.told.append
        made = TopicTable("t", TABLE, place, group, where, *told, look_every_s=0.2, skips=skips)
        self.opened.append(made)
        return made

    def _replace(self, rows: pl.DataFrame) -> None:
        self.rows = dict(rows.select("k", "v").rows())


@pytest.fixture
def topic(kafka: Kafka) -> Iterator[Topic]:
    config = {"cleanup.policy": "compact"}
    made = Topic(kafka, kafka.topic(partitions=PARTITIONS, config=config))
    yield made
    for table in made.opened:
        table.close()
    kafka.delete_topic(made.name)


def eventually(check: Callable[[], bool]) -> None:
    """Wait until something holds."""
    retrying = Retrying(
        stop=stop_after_delay(120),
        wait=wait_fixed(0.05),
        retry=retry_if_exception_type(AssertionError),
        reraise=True,
    )
    for attempt in retrying:
        with attempt:
            assert check()


def test_it_is_read_to_its_end_before_anything_else(topic: Topic) -> None:
    topic.write(a=1, b=2, c=3)
    topic.write(a=10, b=None)
    topic.table().load()
    assert topic.rows == {"a": 10, "c": 3}


def test_an_empty_topic_is_an_empty_table(topic: Topic) -> None:
    topic.table().load()
    assert topic.rows == {}


def test_changes_are_followed_and_tombstones_delete(topic: Topic) -> None:
    topic.write(a=1, b=2)
    table = topic.table()
    table.load()
    topic.write(a=None, c=3)

    def changed() -> bool:
        table.poll()
        return topic.rows == {"b": 2, "c": 3}

    eventually(changed)
    assert topic.told == []


def test_a_wrong_message_is_told_once_and_its_row_stays(topic: Topic) -> None:
    topic.write(a=1)
    table = topic.table()
    table.load()
    topic.write(a='{"v": "x"}')
    topic.write(a_sign_of_the_end=1)

    def changed() -> bool:
        table.poll()
        return bool(topic.told) and "a_sign_of_the_end" in topic.rows

    eventually(changed)
    table.poll()
    (line,) = topic.told
    assert line.startswith(f"tables.t: {topic.name}-")
    assert line.endswith("v is a string, allowed is int; the row stays as it was")
    assert topic.rows["a"] == 1


def test_at_the_start_a_wrong_row_is_refused_until_it_is_written_anew(topic: Topic) -> None:
    topic.write(a="{", b=1)
    with pytest.raises(UserMistake, match=r"^tables\.t: .* offset 0: .*; write the row anew"):
        topic.table().load()
    topic.write(a=5)
    topic.table().load()
    assert topic.rows == {"a": 5, "b": 1}


def test_a_broker_that_does_not_answer_is_a_line(topic: Topic) -> None:
    nowhere = Topic(Kafka("127.0.0.1:1"), topic.name)
    with pytest.raises(UserMistake, match=r"^tables\.t: .* was not read to its end \("):
        nowhere.table(TIDEGAUGE_START_TIMEOUT=0.5).load()
    nowhere.opened[0].close()


def test_a_follower_keeps_it_current_and_closes_it(topic: Topic) -> None:
    table = topic.table()
    table.load()
    topic.opened.clear()
    follower = Follower([table])
    follower.start()
    topic.write(a=1)
    eventually(lambda: topic.rows == {"a": 1})
    follower.stop()
    with pytest.raises(RuntimeError, match="closed"):
        table._reader.take()


def test_a_topic_that_grows_is_followed(topic: Topic) -> None:
    topic.write(a=1)
    table = topic.table()
    table.load()
    admin = topic.kafka.admin()
    admin.create_partitions([NewPartitions(topic.name, PARTITIONS + 1)])[topic.name].result(60)
    producer = topic.kafka.producer()
    producer.produce(topic.name, b'{"v": 7}', b"in the new one", PARTITIONS)
    producer.flush()

    def read() -> bool:
        table.poll()
        return topic.rows == {"a": 1, "in the new one": 7}

    eventually(read)


def test_a_key_that_has_moved_with_more_partitions_has_its_newest_row(topic: Topic) -> None:
    producer = topic.kafka.producer()
    for partition, value, stamp in ((0, b'{"v": 1}', 1_000), (2, b'{"v": 2}', 3_000)):
        producer.produce(topic.name, value, b"a", partition, timestamp=stamp)
    for partition, dead, stamp in ((1, b'{"v": 3}', 1_000), (0, None, 2_000)):
        producer.produce(topic.name, dead, b"gone", partition, timestamp=stamp)
    producer.flush()
    table = topic.table()
    table.load()
    assert topic.rows == {"a": 2}


def test_a_topic_made_anew_is_read_from_its_beginning(topic: Topic) -> None:
    topic.write(a=1, b=2)
    table = topic.table()
    table.load()
    topic.kafka.delete_topic(topic.name)

    def told() -> bool:
        table.poll()
        return any("not there any more" in line for line in topic.told)

    eventually(told)
    assert topic.rows == {"a": 1, "b": 2}
    topic.kafka.topic(topic.name, partitions=PARTITIONS, config={"cleanup.policy": "compact"})
    topic.write(b=3, c=4, d=5)

    def read() -> bool:
        table.poll()
        return topic.rows == {"b": 3, "c": 4, "d": 5}

    eventually(read)


def test_a_message_key_that_is_no_text_is_data(topic: Topic) -> None:
    producer = topic.kafka.producer()
    producer.produce(topic.name, b'{"k": "x", "v": 1}', (200).to_bytes(8, "big"), 0)
    producer.flush()
    table = topic.table()
    table.load()
    assert topic.rows == {"x": 1}


def test_what_cannot_be_read_is_told_and_the_rest_is_read(topic: Topic) -> None:
    topic.write(a=1)
    append(topic.kafka.bootstrap, topic.name, zstd_bomb(), 0)
    topic.write(a=2, b=3, c=4, d=5)
    table = topic.table()
    table.load()
    assert topic.rows == {"a": 2, "b": 3, "c": 4, "d": 5}
    (line,) = topic.told
    assert line.startswith(f"tables.t: {topic.name}-0: the batch of messages at offset ")
    assert line.endswith("are passed over; rows that they change stay as they were")


def test_where_nothing_may_be_passed_over_the_start_says_what_to_do(topic: Topic) -> None:
    append(topic.kafka.bootstrap, topic.name, zstd_bomb(), 0)
    with pytest.raises(UserMistake) as told:
        topic.table(skips=False).load()
    line = str(told.value)
    assert line.startswith(f"tables.t: {topic.name}-0: the batch of messages at offset 0 cannot be")
    assert line.endswith(
        "to pass it over, set dead_letters.on_unreadable: skip in the pipeline file"
    )


def test_where_nothing_may_be_passed_over_what_cannot_be_read_ends_the_flow(topic: Topic) -> None:
    table = topic.table(skips=False)
    table.load()
    append(topic.kafka.bootstrap, topic.name, zstd_bomb(), 0)

    def ended() -> bool:
        with pytest.raises(Stop, match=r"cannot be read .* dead_letters.on_unreadable: skip"):
            table.poll()
        return True

    def polled() -> bool:
        try:
            return ended()
        except pytest.fail.Exception as error:
            raise AssertionError from error

    eventually(polled)
