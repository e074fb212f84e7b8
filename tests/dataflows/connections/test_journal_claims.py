"""Who may write into the journal, and what each process knows of it before its first event."""

from collections.abc import Iterator

import pytest

from connectors.kafka.journal import JournalWriter
from connectors.kafka.topics import ensure_journal
from dataflows.connections.journal import Journal
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until
from tidegauge.batch import PartitionState, Progress
from tidegauge.journal import Claim
from tidegauge.settings import Settings

SECONDS = 120.0


@pytest.fixture
def topic(kafka: Kafka) -> Iterator[str]:
    name = unique("journal")
    ensure_journal(kafka.admin(), name, SECONDS)
    yield name
    kafka.delete_topic(name)


class Process:
    """A process that reads partition 0 of two."""

    def __init__(
        self,
        kafka: Kafka,
        topic: str,
        *,
        read: str = "t",
        bounded: bool = False,
        offset: int = 0,
        goes_on: bool = False,
    ) -> None:
        settings = Settings(KAFKA_BOOTSTRAP=kafka.bootstrap, TIDEGAUGE_BOUNDED=bounded)
        self.journal = Journal(settings, topic)
        self.journal.topics["s"] = read
        self.partition = self.journal.of("s", 0)
        self.partition.claim(offset, 0, goes_on=goes_on)

    def sleep(self, offset: int, passed: int) -> None:
        """Be idle at an offset while the other partition has come so far, until that is told."""
        board = self.journal.board
        board.post(Progress("s", 0, 2, 0, PartitionState.IDLE, 0, offset))
        board.hear(Progress("s", 1, 2, passed, PartitionState.ACTIVE, 0, 1))
        self.partition.idle(offset)
        assert wait_until(self.partition.settled, seconds=SECONDS)

    @property
    def floors(self) -> list[tuple[int, int]]:
        return list(self.journal.board.floors("s", 0, 99))


def test_a_new_process_knows_what_passed_before_it_reads(kafka: Kafka, topic: str) -> None:
    first = Process(kafka, topic)
    first.sleep(7, 70)
    assert first.floors == [(7, 70)]
    second = Process(kafka, topic)
    second.sleep(9, 90)
    assert second.floors == [(7, 70), (9, 90)]


def test_what_a_process_writes_after_another_took_over_counts_for_nobody(
    kafka: Kafka, topic: str
) -> None:
    before = Process(kafka, topic)
    after = Process(kafka, topic)
    before.sleep(7, 70)
    after.sleep(7, 60)
    assert after.floors == [(7, 60)]
    assert Process(kafka, topic).floors == [(7, 60)]
    assert Process(kafka, topic, bounded=True).floors == [(7, 60)]


def test_a_bounded_run_writes_nothing(kafka: Kafka, topic: str) -> None:
    Process(kafka, topic).sleep(7, 70)
    written = kafka.end_offsets(topic)
    bounded = Process(kafka, topic, bounded=True)
    bounded.sleep(9, 90)
    assert bounded.floors == [(7, 70)]
    assert kafka.end_offsets(topic) == written


def test_floors_are_of_one_topic(kafka: Kafka, topic: str) -> None:
    Process(kafka, topic).sleep(7, 70)
    assert Process(kafka, topic, read="made anew").floors == []


def test_where_a_partition_was_begun_last_without_saved_state_is_known(
    kafka: Kafka, topic: str
) -> None:
    Process(kafka, topic, offset=5)
    Process(kafka, topic, offset=8, goes_on=True)
    begun = Process(kafka, topic, offset=0, bounded=True).journal.begun
    assert (begun("s", 0), begun("s", 1)) == (5, None)
    Process(kafka, topic, offset=20)
    later = Process(kafka, topic, offset=30, goes_on=True).journal
    assert later.begun("s", 0) == 20


def test_of_claims_of_an_earlier_version_the_first_is_where_a_partition_was_begun(
    kafka: Kafka, topic: str
) -> None:
    writer = JournalWriter(Settings(KAFKA_BOOTSTRAP=kafka.bootstrap), topic)
    for offset in (5, 8):
        writer.append(Claim("s", "t", 0, unique("run"), offset, 0, 0))
    assert Process(kafka, topic, bounded=True).journal.begun("s", 0) == 5


def test_when_a_range_was_first_read_is_the_same_for_whoever_reads_it_again(
    kafka: Kafka, topic: str
) -> None:
    first = Process(kafka, topic)
    first.partition.begin_range(0, 70, wait=True)
    first.partition.begin_range(1, 80, wait=False)
    assert wait_until(lambda: first.partition.range_begun_ms(1) == 80, seconds=SECONDS)
    first.partition.begin_range(0, 99, wait=True)
    for again in (first, Process(kafka, topic), Process(kafka, topic, bounded=True)):
        assert [again.partition.range_begun_ms(number) for number in (0, 1, 2)] == [70, 80, None]
    bounded = Process(kafka, topic, bounded=True)
    bounded.partition.begin_range(2, 90, wait=True)
    assert bounded.partition.range_begun_ms(2) == 90
    assert Process(kafka, topic).partition.range_begun_ms(2) is None


def test_a_range_that_a_process_begins_after_another_took_over_begins_for_the_other(
    kafka: Kafka, topic: str
) -> None:
    before, after = Process(kafka, topic), Process(kafka, topic)
    before.partition.begin_range(0, 70, wait=True)
    after.partition.begin_range(0, 80, wait=True)
    assert Process(kafka, topic).partition.range_begun_ms(0) == 80
