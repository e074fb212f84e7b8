"""The flow under test: its pipeline, its processes, and whether it is through with its input."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bytewax.recovery import init_db_dir
from confluent_kafka import Consumer, KafkaException, TopicPartition

from benchmarks.flow_process import ROOT, Member, free_ports
from benchmarks.private_copy import PrivateCopy, private_copy
from connectors.codecs.journal_json import read_entry
from tests.dataflows.shop.events import PARTITIONS
from tests.dataflows.shop.files import PIPELINE
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tidegauge.journal import Floor

PATIENCE_S = 120.0
"""How long anything may take before the run is given up."""
_TOLD = 3_000
_TURN_S = 0.02
_MORE = """\
  pulse:
    from: sales
    tumbling: {size: 500ms}
    by: [shop]
    select: {n: count(*)}
patterns:
  given_back:
    from: sales
    by: [shop]
    match: "sale{2,}[->] -> refund"
    define: {sale: "amount > 40", refund: "amount < -20 AND quantity <= LAST(sale.quantity)"}
    measures: {sales: COUNT(sale), sold: SUM(sale.amount), refunded: refund.amount}
    within: 5s
    timeouts: true
forecasts:
  ahead: {on: pulse.n, horizon: 2s}
anomalies:
"""
"""What the shop has not: sequences of events in the order of their times over all partitions, and
forecasts, which depend on all results before."""
BATCH = 200
"""Messages in a batch: so few that a kill comes between two of an epoch, too."""
LAST_BATCH = 5_000
"""The same where nobody is killed: what is written must not depend on it."""


class ChaosError(Exception):
    """The flow did not do what it was waited for."""


@dataclass
class Subject:
    """A pipeline that is started, killed and started again.

    Args:
        copy: its pipeline, with topics and a bucket of its own.
        topic: what it reads.
        folder: for saved state and for what its processes print.
        launcher: module that runs it.
        epoch: length of its epochs.
    """

    copy: PrivateCopy
    topic: str
    folder: Path
    launcher: str
    epoch: str
    _logs: int = 0
    members: list[Member] = field(default_factory=list)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The topics it writes records to."""
        return (
            self.copy.output.topic,
            self.copy.output.critical_topic,
            self.copy.dead_letter_topic,
        )

    @property
    def recovery(self) -> Path:
        """Folder of its saved state."""
        return self.folder / "recovery"

    def make_ready(self) -> None:
        """Empty topics for its records, and an empty recovery directory."""
        for topic in self.outputs:
            self.copy.kafka.topic(topic, partitions=2)
        self.recovery.mkdir()
        init_db_dir(self.recovery, self.copy.pipeline.state.key_groups)  # type: ignore[no-untyped-call]  # it has no types

    def forget(self) -> None:
        """Delete all it has written, but the journal, and what it knows of its input."""
        shutil.rmtree(self.recovery)
        topics = {*self.outputs, self.copy.pipeline.outputs_topic}
        for topic in topics.intersection(self.copy.kafka.admin().list_topics().topics):
            self.copy.kafka.delete_topic(topic)
        admin = self.copy.kafka.admin()
        for deleted in admin.delete_consumer_groups([self._group]).values():
            deleted.result()
        if self.copy.influxdb is not None and self.copy.pipeline.output.influxdb is not None:
            with self.copy.influxdb.client() as client:
                name = self.copy.pipeline.output.influxdb.bucket
                if bucket := client.buckets_api().find_bucket_by_name(name):
                    client.buckets_api().delete_bucket(bucket)

    @contextmanager
    def running(
        self, processes: int, influxdb_url: str, batch: int = BATCH
    ) -> Iterator[list[Member]]:
        """Its processes; those that still run are killed at the end of the `with`."""
        environment = {
            **os.environ,
            **self.copy.environment,
            "INFLUXDB_URL": influxdb_url,
            "TIDEGAUGE_BATCH_SIZE": str(batch),
        }
        self.members = []
        try:
            for place in _places(processes):
                self.members.append(self._start(place, environment))
            yield self.members
        finally:
            for member in self.members:
                member.process.kill()
                member.process.wait()

    def _start(self, place: Sequence[str], environment: dict[str, str]) -> Member:
        log = self.folder / f"{self._logs}.log"
        self._logs += 1
        state = ["-r", str(self.recovery), "-s", self.epoch, "-b", "0"]
        command = [sys.executable, "-m", self.launcher, str(self.copy.path), *state, *place]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
            )
        return Member(process, log)

    @property
    def ended(self) -> list[Member]:
        """Processes that have ended by themselves."""
        return [member for member in self.members if member.process.poll() is not None]

    def wait(
        self,
        reached: Callable[[], bool],
        what: str,
        seconds: float = PATIENCE_S,
        progress: Callable[[], object] | None = None,
    ) -> None:
        """Wait for something while the processes run, and longer while there is progress.

        Raises:
            ChaosError: it did not come in time, or a process ended; with the end of its output.
        """
        deadline = time.monotonic() + seconds
        before = None
        while not reached():
            if progress is not None and (now := progress()) != before:
                before, deadline = now, time.monotonic() + seconds
            late = time.monotonic() > deadline
            if late or self.ended:
                member = (self.ended or self.members)[0]
                state = f"not within {seconds:.0f} s" if late else "a process has ended"
                code = member.process.returncode
                raise ChaosError(f"{what}: {state} (code {code})\n{member.output[-_TOLD:]}")
            time.sleep(_TURN_S)

    def through(self) -> bool:
        """Whether all of the input is in the saved state."""
        ends = self.copy.kafka.end_offsets(self.topic)
        return self.saved() == {number: end for number, end in ends.items() if end}

    def saved(self) -> dict[int, int]:
        """Positions in the saved state, of partitions that were read."""
        config = {"bootstrap.servers": self.copy.kafka.bootstrap, "group.id": self._group}
        with suppress(KafkaException), Consumer(config) as client:
            asked = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            return {
                one.partition: one.offset for one in client.committed(asked, 10) if one.offset > 0
            }
        return {}

    @property
    def floors(self) -> int:
        """How many floors of idle partitions are in the journal."""
        entries = self.copy.kafka.read(self.copy.pipeline.journal_topic)
        return sum(isinstance(read_entry(one.value()), Floor) for one in entries)

    @property
    def _group(self) -> str:
        return f"tidegauge-{self.copy.pipeline.pipeline}"


def _places(processes: int) -> list[list[str]]:
    if processes == 1:
        return [[]]
    addresses = ";".join(f"127.0.0.1:{port}" for port in free_ports(processes))
    return [["-i", str(number), "-a", addresses] for number in range(processes)]


@contextmanager
def subject(
    folder: Path, kafka: Kafka, influxdb: InfluxDB, delivery: str, launcher: str, epoch: str
) -> Iterator[Subject]:
    """The shop pipeline with names of its own, and an empty input topic.

    Its partitions are idle after a second, so that the journal has a say; it also has a pattern and
    a forecast.
    """
    text = PIPELINE.read_text()
    for old, new in (
        ("lateness: 1m,", "lateness: 1m, idle_after: 1s,"),
        ("threshold: 4,", "threshold: 2,"),
        ("anomalies:\n", _MORE),
        ("kafka: {}", f"kafka: {{delivery: {delivery}}}"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "shop.yaml"
    file.write_text(text)
    with private_copy(file, folder, kafka, influxdb) as copy:
        (source,) = copy.pipeline.sources.values()
        topic = kafka.topic(source.kafka.topic, partitions=PARTITIONS)
        try:
            yield Subject(copy, topic, folder, launcher, epoch)
        finally:
            if copy.pipeline.outputs_topic in kafka.admin().list_topics().topics:
                kafka.delete_topic(copy.pipeline.outputs_topic)


def undisturbed(one: Subject) -> Subject:
    """The same flow as it should be run: by our launcher."""
    return replace(one, launcher="dataflows.launch", folder=one.folder, members=[])
