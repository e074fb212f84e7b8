"""The journal's topic, and what a partition of a source tells it."""

from collections.abc import Iterator

import pytest
from confluent_kafka.admin._config import ConfigResource  # `admin` does not export it to mypy
from confluent_kafka.admin._resource import ResourceType  # nor this

from connectors.kafka.journal import JournalReader, JournalWriter
from connectors.kafka.journal_source import JournalPart, JournalPosition, JournalSource
from connectors.kafka.source import KafkaSource
from connectors.kafka.topics import ensure_journal, topic_exists, topic_identity
from tests.connectors.kafka.batches import append, zstd_bomb
from tests.connectors.kafka.reading import (
    SECOND,
    Clock,
    drive,
    events,
    make_intake,
    produce,
    read,
    reading,
)
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.errors import Stop, UserMistake
from tidegauge.journal import Claim, Entry, Floor
from tidegauge.settings import Settings

PATIENCE_S = 120.0


def settings_of(kafka: Kafka, *, bounded: bool = False) -> Settings:
    return Settings(KAFKA_BOOTSTRAP=kafka.bootstrap, TIDEGAUGE_BOUNDED=bounded)


@pytest.fixture
def journal(kafka: Kafka) -> Iterator[str]:
    name = unique("journal")
    ensure_journal(kafka.admin(), name, PATIENCE_S)
    yield name
    kafka.delete_topic(name)


def floor(at: int, *, run: str = "a", topic: str = "t") -> Floor:
    return Floor("s", topic, 0, 7, at, run)


def write(kafka: Kafka, journal: str, entries: list[Entry]) -> list[int]:
    writer = JournalWriter(settings_of(kafka), journal)
    return [writer.append(entry) for entry in entries]


def follow(part: JournalPart, count: int) -> list[Floor]:
    """The next floors that come."""
    floors: list[Floor] = []

    def enough() -> bool:
        floors.extend(news for news in part.next_batch() if isinstance(news, Floor))
        return len(floors) >= count

    assert wait_until(enough, seconds=PATIENCE_S)
    return floors


def test_it_has_one_partition_and_is_kept_for_ever(kafka: Kafka, journal: str) -> None:
    admin = kafka.admin()
    ensure_journal(admin, journal, PATIENCE_S)
    assert topic_exists(admin, journal, PATIENCE_S)
    assert list(kafka.end_offsets(journal)) == [0]
    resource = ConfigResource(ResourceType.TOPIC, journal)
    config = admin.describe_configs([resource])[resource].result(PATIENCE_S)
    assert config["cleanup.policy"].value == "compact"
    assert config["retention.ms"].value == "-1"


def test_a_topic_that_is_made_anew_is_another_one(kafka: Kafka) -> None:
    name = kafka.topic(partitions=1)
    before = topic_identity(kafka.admin(), name, PATIENCE_S)
    assert topic_identity(kafka.admin(), name, PATIENCE_S) == before
    kafka.delete_topic(name)
    kafka.topic(name, partitions=1)
    assert topic_identity(kafka.admin(), name, PATIENCE_S) != before


def test_what_is_written_is_read_back_in_its_order(kafka: Kafka, journal: str) -> None:
    entries: list[Entry] = [Claim("s", "t", 0, "a"), floor(1), floor(2)]
    assert write(kafka, journal, entries) == [0, 1, 2]
    reader = JournalReader(settings_of(kafka), journal)
    assert reader.end == 3
    assert reader.read_to(3) == entries
    reader.close()


def test_what_is_no_entry_is_passed_over(kafka: Kafka, journal: str) -> None:
    producer = kafka.producer()
    for value in (b"{", b'{"v":9,"kind":"silence"}'):
        producer.produce(journal, value, key=b"k")
    producer.flush()
    write(kafka, journal, [floor(1)])
    reader = JournalReader(settings_of(kafka), journal)
    assert reader.read_to(3) == [floor(1)]
    assert reader.offset == 3
    reader.close()


def test_the_source_gives_the_floors_that_count_and_goes_on_where_it_was(
    kafka: Kafka, journal: str
) -> None:
    claims: list[Entry] = [Claim("s", "t", 0, "a"), floor(1), Claim("s", "t", 0, "b")]
    write(kafka, journal, [*claims, floor(2, run="a"), floor(3, run="b")])
    source = JournalSource(settings_of(kafka), journal, {"s": "t"})
    part = source.build_part("step", "journal", None)
    assert follow(part, 2) == [floor(1), floor(3, run="b")]
    saved = part.snapshot()
    part.close()
    write(kafka, journal, [floor(4, run="a"), floor(5, run="b")])
    restarted = source.build_part("step", "journal", saved)
    assert follow(restarted, 1) == [floor(5, run="b")]
    restarted.close()


def test_a_bounded_source_ends_where_the_journal_ended(kafka: Kafka, journal: str) -> None:
    write(kafka, journal, [floor(1)])
    source = JournalSource(settings_of(kafka, bounded=True), journal, {"s": "t"})
    part = source.build_part("step", "journal", None)
    write(kafka, journal, [floor(2)])
    assert follow(part, 1)[0] == floor(1)
    with pytest.raises(StopIteration):
        part.next_batch()
    part.close()


def test_an_empty_journal_ends_a_bounded_source_at_once(kafka: Kafka, journal: str) -> None:
    source = JournalSource(settings_of(kafka, bounded=True), journal, {"s": "t"})
    part = source.build_part("step", "journal", None)
    with pytest.raises(StopIteration):
        part.next_batch()
    part.close()


def test_a_drained_source_ends(kafka: Kafka, journal: str) -> None:
    source = JournalSource(settings_of(kafka), journal, {"s": "t"}, lambda: True)
    part = source.build_part("step", "journal", None)
    with pytest.raises(StopIteration):
        part.next_batch()
    part.close()


def test_a_saved_position_that_is_not_there_stops_the_flow(kafka: Kafka, journal: str) -> None:
    source = JournalSource(settings_of(kafka), journal, {"s": "t"})
    with pytest.raises(Stop, match=r"position 9 of the saved state is not in the journal"):
        source.build_part("step", "journal", JournalPosition(9, {}))
    with pytest.raises(UserMistake, match=r"position has version 0, this program reads 1"):
        source.build_part("step", "journal", JournalPosition(0, {}, version=0))


class Slow:
    """A journal of a partition that takes what it is told first when the test says so."""

    def __init__(self) -> None:
        self.idle_at: list[int] = []
        self.stored = True

    def idle(self, offset: int) -> None:
        self.stored = self.stored and bool(self.idle_at)
        self.idle_at.append(offset)

    def settled(self) -> bool:
        return self.stored

    def range_begun_ms(self, number: int) -> int | None:
        return 1

    def begin_range(self, number: int, clock_ms: int, *, wait: bool) -> None:
        """The next one is known, too."""

    def claim(self, offset: int, part: int, *, goes_on: bool) -> None:
        """Nobody else reads it."""

    def begin(self, offset: int) -> None:
        """Nothing has passed."""

    def joins(self) -> bool:
        return False

    def taken(self) -> bool:
        return False

    @property
    def partitions(self) -> int:
        return 1


def test_nothing_is_judged_before_the_journal_has_what_was_written(kafka: Kafka) -> None:
    topic, clock, slow = kafka.topic(partitions=1), Clock(), Slow()
    produce(kafka, topic, events(3))
    how = reading(kafka, topic, bounded=False)
    source = KafkaSource(
        how, make_intake, lambda: clock.draining, lambda: clock.now_ns, lambda _: slow
    )
    part = source.build_part("step", f"{topic}-0", None)
    first = drive(part, lambda batches: len(read(batches)) == 3)
    assert slow.idle_at == []

    def silent(batches: list[EventBatch]) -> bool:
        clock.now_ns += 20 * SECOND
        return bool(batches)

    (idle,) = drive(part, silent)
    assert idle.progress.state is PartitionState.IDLE
    drive(part, lambda _: bool(slow.idle_at))
    assert slow.idle_at == [3]
    produce(kafka, topic, events(2, start=3))
    for _ in range(50):
        assert part.next_batch() == []
    slow.stored = True
    woken = drive(part, lambda batches: len(read(batches)) == 2)
    assert read([*first, *woken]) == [0, 1, 2, 3, 4]
    part.close()


def test_what_cannot_be_read_of_it_stops_the_flow(kafka: Kafka, journal: str) -> None:
    write(kafka, journal, [floor(1)])
    append(kafka.bootstrap, journal, zstd_bomb())
    reader = JournalReader(settings_of(kafka), journal)
    with pytest.raises(
        Stop, match=f"{journal}-0: the batch of messages at offset 1 cannot be read"
    ):
        reader.read_to(reader.end)
    reader.close()
