"""A flow without end, fed with a story in parts, ended and started again in between."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bytewax.recovery import init_db_dir
from confluent_kafka import Consumer, TopicPartition

from benchmarks.flow_process import Member, Shape, running_flow, wait_for_end
from benchmarks.private_copy import PrivateCopy, private_copy
from benchmarks.window_rows import Row, RowKey, compare, rows_of_window
from tests.dataflows.shop.events import BUSY, Message, Story
from tests.dataflows.shop.files import PIPELINE
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.process import wait_until

DEADLINE_S = 180.0
NEVER_IDLE = "idle_after: 10m"
"""A partition that is idle while the story pauses would be judged by the others when it wakes."""


_OF_ALL = ("revision", "start_ns")
"""Fields that every row of a window has."""


@dataclass(frozen=True)
class Interrupted:
    """A flow that can be ended and started again.

    Attributes:
        copy: its pipeline.
        topic: what it reads.
        recovery: folder of its saved state.
    """

    copy: PrivateCopy
    topic: str
    recovery: Path

    def send(self, messages: list[Message]) -> None:
        """Write messages, in their order."""
        producer = self.copy.kafka.producer()
        for one in messages:
            value = None if one.value is None else one.value.encode("utf-8", "surrogateescape")
            producer.produce(self.topic, value, one.key, one.partition)
        producer.flush()

    @contextmanager
    def running(self, shape: Shape, **environment: str) -> Iterator[list[Member]]:
        """The flow, saving its state every second; with further variables, if any."""
        options = ["-r", str(self.recovery), "-s", "1", "-b", "0"]
        variables = {**self.copy.environment, **environment}
        with running_flow(self.copy.path, shape, variables, options) as members:
            yield members

    def rows(self) -> dict[RowKey, Row]:
        """Window rows that are stored."""
        found: dict[RowKey, Row] = {}
        for window in self.copy.pipeline.windows:
            # InfluxDB shows a point field by field while it is being written.
            whole = [one for one in self.copy.records(window) if None not in map(one.get, _OF_ALL)]
            found |= rows_of_window(window, self.copy.pipeline, whole)
        return found

    def wait_for_rows(self, members: list[Member], expected: dict[RowKey, Row]) -> None:
        """Wait until these rows are stored, and no others."""
        wait(lambda: compare(expected, self.rows()).same, members)

    def wait_until_saved(self, members: list[Member]) -> None:
        """Wait until the consumer group says that all that was sent is in the saved state."""
        wait(lambda: self.saved() == self.copy.kafka.end_offsets(self.topic), members)

    def saved(self) -> dict[int, int]:
        """Position of each partition in the consumer group."""
        group = f"tidegauge-{self.copy.pipeline.pipeline}"
        with Consumer(
            {"bootstrap.servers": self.copy.kafka.bootstrap, "group.id": group}
        ) as consumer:
            partitions = [TopicPartition(self.topic, number) for number in BUSY]
            return {one.partition: one.offset for one in consumer.committed(partitions, 30)}


@contextmanager
def interrupted(
    folder: Path, kafka: Kafka, influxdb: InfluxDB | None, delivery: str = "low_latency"
) -> Iterator[Interrupted]:
    """A flow over a topic of its own, with an empty recovery directory."""
    file = folder / "shop.yaml"
    text = PIPELINE.read_text()
    for old, new in (
        ("lateness: 1m,", f"lateness: 1m, {NEVER_IDLE},"),
        ("kafka: {}", f"kafka: {{delivery: {delivery}}}"),
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    recovery = folder / "recovery"
    recovery.mkdir()
    init_db_dir(recovery, 4)  # type: ignore[no-untyped-call]  # it has no types
    with private_copy(file, folder, kafka, influxdb) as copy:
        (source,) = copy.pipeline.sources.values()
        topic = kafka.topic(source.kafka.topic, partitions=len(BUSY))
        yield Interrupted(copy, topic, recovery)


def closing(story: Story) -> list[Message]:
    """An event in each partition that closes all windows of the story, and is in none of them."""
    last = max(event["ts"] for _, event in story.events)
    value = f'{{"ts": {last + 300_000}, "status": "ok"}}'
    return [Message(partition, None, value) for partition in BUSY]


def wait(answers: Callable[[], bool], members: list[Member]) -> None:
    """Wait for a condition while the flow runs."""
    alive = all
    done = wait_until(
        answers,
        seconds=DEADLINE_S,
        alive=lambda: alive(member.process.poll() is None for member in members),
    )
    assert done, "\n".join(member.output for member in members)


def ask_to_end(members: list[Member], sign: signal.Signals = signal.SIGTERM) -> None:
    """Ask all processes to end, and require that they do with exit code 0."""
    for member in members:
        member.process.send_signal(sign)
    wait_for_end(members, DEADLINE_S)
    told = "".join(member.output for member in members)
    assert "Traceback" not in told, told
    assert "panicked" not in told, told


def kill(members: list[Member]) -> None:
    """End the first process at once; the others follow."""
    members[0].process.kill()
    for member in members:
        member.process.wait(DEADLINE_S)
