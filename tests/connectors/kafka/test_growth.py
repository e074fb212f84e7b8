from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from confluent_kafka.cimpl import NewPartitions
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connectors.kafka.growth import SparePart, TopicGrowth, spare_parts
from connectors.kafka.source import KafkaSource
from tests.connectors.kafka.reading import (
    Clock,
    drive,
    enough,
    events,
    make_intake,
    open_part,
    produce,
    read,
    reading,
)
from tests.services.kafka import Kafka
from tests.services.process import wait_until
from tidegauge.batch import PartitionState


@dataclass
class Journal:
    """A journal that takes a while."""

    written: list[int] = field(default_factory=list)
    arrived: bool = False

    def idle(self, offset: int) -> None:
        self.written.append(offset)

    def settled(self) -> bool:
        return self.arrived


@pytest.fixture
def topic(kafka: Kafka) -> str:
    return kafka.topic(partitions=1)


@pytest.fixture
def growth(kafka: Kafka, topic: str) -> Iterator[TopicGrowth]:
    growth = TopicGrowth(kafka.admin(), topic, 1, 2, every_s=0.05)
    yield growth
    growth.close()


def grow(kafka: Kafka, topic: str, partitions: int) -> None:
    admin = kafka.admin()
    admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(30)
    wait_until(lambda: len(kafka.end_offsets(topic)) == partitions, seconds=30)


def test_a_new_partition_is_read_from_its_start_without_a_restart(
    kafka: Kafka, topic: str, growth: TopicGrowth
) -> None:
    """After what passed it until then is in the journal, as for a partition that was idle."""
    journal, clock = Journal(), Clock()
    how = reading(kafka, topic, start="latest", bounded=False)
    source = KafkaSource(
        how,
        make_intake,
        lambda: clock.draining,
        lambda: clock.now_ns,
        journal_of=lambda _: journal,
        growth=growth,
    )
    assert source.list_parts() == [f"{topic}-{number}" for number in range(3)]
    part = source.build_part("step", f"{topic}-1", None)
    assert isinstance(part, SparePart)
    assert part.next_batch() == []
    assert part.snapshot() is None
    with capture_logs() as logs:
        grow(kafka, topic, 2)
        produce(kafka, topic, events(5), partition=1)
        (joined,) = drive(part, bool)
    assert (joined.progress.state, joined.progress.partition) == (PartitionState.IDLE, 1)
    assert journal.written == [0]
    assert part.next_batch() == []  # the journal has not taken it yet
    journal.arrived = True
    assert read(drive(part, enough(5))) == [0, 1, 2, 3, 4]
    saved = part.snapshot()
    assert saved.offset == 5
    assert [one["partitions"] for one in logs] == [[1]]
    part.close()
    # The next start finds it among those that are there.
    again = open_part(reading(kafka, topic, partitions=2), saved, number=1)
    produce(kafka, topic, events(1), partition=1)
    assert again.snapshot().offset == 5
    again.close()
    clock.draining = True
    with pytest.raises(StopIteration):
        source.build_part("step", f"{topic}-2", None).next_batch()


def test_of_more_than_can_be_read_a_warning_tells(
    kafka: Kafka, topic: str, growth: TopicGrowth
) -> None:
    with capture_logs() as logs:
        growth()
        grow(kafka, topic, 5)
        wait_until(lambda: growth() == 5, seconds=30)
    assert [one["partitions"] for one in logs] == [[1, 2], [3, 4]]
    assert "not read" in logs[1]["event"]


@given(partitions=st.integers(1, 120), workers=st.integers(1, 12))
def test_spare_parts_leave_the_others_as_even_as_they_are(partitions: int, workers: int) -> None:
    spare = spare_parts("t", partitions, workers)
    names = sorted(f"t-{number}" for number in range(partitions + spare))
    dealt = [0] * workers
    for place, name in enumerate(names):
        dealt[place % workers] += int(name.removeprefix("t-")) < partitions
    assert max(dealt) == -(-partitions // workers)
    assert spare == 4 or workers > 1
