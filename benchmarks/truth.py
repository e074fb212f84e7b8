"""Is what the flow stores what the events say? Runs it on a real Kafka and compares every row.

    python -m benchmarks.truth --pipeline P.yaml --events E.jsonl --expect W.csv

A line of E is a JSON object with `partition`, `key` and `value` (the raw message text, null for a
tombstone); lines are produced in file order. W holds the final rows: `window`, the key columns,
`start` and `end` in epoch ms, then fields; an empty cell means the row has no such field.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.flow_process import FlowFailedError, Shape, run_flow
from benchmarks.private_copy import private_copy
from benchmarks.window_rows import Comparison, Row, RowKey, compare, read_expected, rows_of_store
from connectors.embedded.reader import open_store
from tests.services.errors import ServerUnavailableError
from tests.services.influxdb import InfluxDB, running_influxdb
from tests.services.kafka import Kafka, running_kafka
from tests.services.names import unique
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Pipeline


@dataclass(frozen=True)
class Outcome:
    """What one run gave.

    Attributes:
        rows: comparison of the stored window rows with the expected ones.
        dead_letters: messages in the dead-letter topic.
        doubled: records that a topic holds more than once.
        unsent: window rows that are in the store but not in the analytics topic.
    """

    rows: Comparison
    dead_letters: int
    doubled: int
    unsent: int

    @property
    def true(self) -> bool:
        """Whether everything is as expected."""
        return self.rows.same and not self.doubled and not self.unsent

    def __str__(self) -> str:
        rows = self.rows
        return (
            f"rows equal {rows.equal}, different {rows.different}, missing {rows.missing},"
            f" extra {rows.extra}; dead letters {self.dead_letters}"
        )


def produce(kafka: Kafka, topic: str, events: Path) -> None:
    """Create the topic and write the file's messages in order.

    The topic has as many partitions as the file names, and each message the time of its writing.
    """
    lines = [json.loads(line) for line in events.read_text().splitlines() if line.strip()]
    kafka.topic(topic, partitions=1 + max((line["partition"] for line in lines), default=0))
    producer = kafka.producer()
    for line in lines:
        value = line["value"]
        payload = None if value is None else value.encode("utf-8", "surrogateescape")
        while True:
            try:
                producer.produce(topic, payload, line["key"], partition=line["partition"])
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()


def run_once(
    pipeline_file: Path, events: Path, expect: Path, shape: Shape, kafka: Kafka, influxdb: InfluxDB | None
) -> Outcome:
    """Run the flow over topics and a store of its own and compare what it left there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy, pipeline = private_copy(pipeline_file, folder, unique("t")[-8:].lower(), influxdb=influxdb is not None)
        (source,) = pipeline.sources.values()
        produce(kafka, source.kafka.topic, events)
        environment = {"KAFKA_BOOTSTRAP": kafka.bootstrap}
        if influxdb:
            environment |= {
                "INFLUXDB_URL": influxdb.url, "INFLUXDB_TOKEN": influxdb.token, "INFLUXDB_ORG": influxdb.org
            }  # fmt: skip
        else:
            environment["TIDEGAUGE_STORE"] = str(folder / "truth.db")
        run_flow(copy, shape, environment)
        found = dict(_stored(pipeline, influxdb, folder / "truth.db"))
        return _outcome(read_expected(expect, pipeline), found, pipeline, kafka)


def _outcome(
    expected: dict[RowKey, Row], found: dict[RowKey, Row], pipeline: Pipeline, kafka: Kafka
) -> Outcome:
    dead = kafka.read(pipeline.dead_letter_topic)
    origins = Counter(
        (letter["topic"], letter["partition"], letter["offset"])
        for letter in (json.loads(message.value() or b"") for message in dead)
    )
    sent: Counter[tuple[str, int]] = Counter()
    windows = set()
    assert pipeline.output.kafka is not None  # private_copy gave it one
    for topic in (pipeline.output.kafka.topic, pipeline.output.kafka.critical_topic):
        for message in kafka.read(topic):
            record = json.loads(message.value() or b"")
            sent[record["id"], record.get("fields", {}).get("revision", 0)] += 1
            if record["kind"] == "window":
                windows.add(record["id"])
    doubled = sum(count - 1 for count in (*sent.values(), *origins.values()))
    return Outcome(compare(expected, found), len(origins), doubled, len(found) - len(windows))


def _stored(pipeline: Pipeline, influxdb: InfluxDB | None, database: Path) -> Iterator[tuple[RowKey, Row]]:
    for name, window in pipeline.windows.items():
        if influxdb:
            assert pipeline.output.influxdb is not None  # private_copy gave it one
            records = influxdb.influxql(pipeline.output.influxdb.bucket, f'SELECT * FROM "{name}"')
            yield from rows_of_store(name, window.by, records, "time").items()
        else:
            connection = open_store(database)
            cursor = connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - a name the pipeline file's check allows
            names = [column[0] for column in cursor.description]
            records = [dict(zip(names, row, strict=True)) for row in cursor]
            yield from rows_of_store(name, window.by, records, "time_ns").items()


def main(
    pipeline: Annotated[Path, typer.Option(help="Pipeline file, with one source.", exists=True, dir_okay=False)],
    events: Annotated[Path, typer.Option(help="Messages, one JSON object a line.", exists=True, dir_okay=False)],
    expect: Annotated[Path, typer.Option(help="Final window rows as CSV.", exists=True, dir_okay=False)],
    workers: Annotated[int, typer.Option(help="Worker threads of each process.")] = 1,
    processes: Annotated[int, typer.Option(help="Processes of the cluster.")] = 1,
    batch_size: Annotated[int, typer.Option(help="Most messages in a batch.")] = 20_000,
    embedded: Annotated[bool, typer.Option(help="Store in SQLite instead of InfluxDB.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the flow over the events and compare every stored window row with the expected ones.

    Exit code 0: all equal; 1: not; 2: could not run. Servers: those the environment names, else
    ones of its own (see `make services`).
    """
    shape = Shape(workers, processes, batch_size)
    try:
        with ExitStack() as stack:
            kafka = stack.enter_context(running_kafka())
            influxdb = None if embedded else stack.enter_context(running_influxdb())
            outcome = run_once(pipeline, events, expect, shape, kafka, influxdb)
    except (ServerUnavailableError, UserMistake, FlowFailedError, OSError, KeyError, ValueError) as error:
        typer.echo(f"could not run: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({**asdict(outcome), "shape": asdict(shape), "equal": outcome.true}))
    else:
        typer.echo(str(outcome))
        for example in outcome.rows.examples:
            typer.echo(f"  {example}", err=True)
        if outcome.doubled or outcome.unsent:
            typer.echo(f"  topics: {outcome.doubled} doubled, {outcome.unsent} rows not sent", err=True)
    raise typer.Exit(0 if outcome.true else 1)


if __name__ == "__main__":
    typer.run(main)
