"""A story with its truth and its files, and what one run of the flow left of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.flow_process import Shape, run_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from benchmarks.truth import Left, Outcome, judge, left_in, produce
from benchmarks.window_rows import read_expected
from tests.dataflows.shop.events import Story, tell
from tests.dataflows.shop.files import PIPELINE, write_events, write_rows
from tests.dataflows.shop.truth import Truth, truth_of
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka

Record = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A story, its truth, and both as files in `folder`."""

    story: Story
    truth: Truth
    folder: Path

    @property
    def events(self) -> Path:
        """The messages."""
        return self.folder / "events.jsonl"

    @property
    def rows(self) -> Path:
        """The final window rows."""
        return self.folder / "rows.csv"


def make_case(count: int, folder: Path) -> Case:
    """A case of so many messages."""
    story = tell(count)
    case = Case(story, truth_of(story), folder)
    write_events(story, case.events)
    write_rows(case.truth.final, case.rows)
    return case


@dataclass(frozen=True)
class Run:
    """One run of the flow over a case.

    Attributes:
        case: the case.
        outcome: how the window rows compare with the expected ones.
        left: what is in the topics, and the window rows in the store.
        stored: records of the other measurements, by measurement.
    """

    case: Case
    outcome: Outcome
    left: Left
    stored: dict[str, list[Record]]

    def records(self, kind: str) -> list[Record]:
        """Records of a kind in the topics."""
        return [record for record in self.left.records if record["kind"] == kind]

    def flat(self, signal: str) -> list[Record]:
        """Records of a signal in the topics: `time_ns`, tags and fields by name."""
        return [
            {"time_ns": record["time_ns"], **record["tags"], **record["fields"]}
            for record in self.left.records
            if record["signal"] == signal
        ]


def run_case(
    case: Case, folder: Path, shape: Shape, kafka: Kafka, influxdb: InfluxDB | None
) -> Run:
    """Run the flow over a case on topics and a store of its own."""
    with private_copy(PIPELINE, folder, kafka, influxdb) as copy:
        run_over(case, copy, shape)
        left = left_in(copy)
        stored = {
            name: copy.records(name) for name in ("alerts", "anomalies", "dead_letters", "flow")
        }
        expected = read_expected(case.rows, copy.pipeline)
        return Run(case, judge(left, expected), left, stored)


def run_over(case: Case, copy: PrivateCopy, shape: Shape) -> None:
    """Write the case's messages into the copy's topic and run the flow over them."""
    (source,) = copy.pipeline.sources.values()
    produce(copy.kafka, source.kafka.topic, case.events)
    run_flow(copy.path, shape, copy.environment)
