"""Is what the flow stores what the events say? Runs it on a real Kafka and compares every row.

    python -m benchmarks.truth --pipeline P.yaml --events E.jsonl --expect W.csv

A line of E is a JSON object with `partition`, `key` and `value` (the raw message text, null for a
tombstone); lines are produced in file order. W holds the final rows: `window`, the key columns,
`start` and `end` in epoch ms, then fields; an empty cell means the row has no such field,
`(empty)` is the empty text. Superseded sessions are no final rows: W may leave them out.
"""

import json
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Message as Delivered

from benchmarks.flow_process import FlowFailedError, Shape, run_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from benchmarks.window_rows import Comparison, Row, RowKey, compare, read_expected, rows_of_window
from tests.services.errors import ServerUnavailableError
from tests.services.influxdb import InfluxDB, running_influxdb
from tests.services.kafka import Kafka, running_kafka
from tidegauge.errors import UserMistake
from tidegauge.records import EMPTY_KEY
from tidegauge.spec.loader import load_pipeline

_FLUSH_S = 120.0
_UNREADABLE = (ServerUnavailableError, UserMistake, FlowFailedError, KafkaException, OSError)


Message = dict[str, Any]


@dataclass(frozen=True)
class Left:
    """What a flow has left.

    Attributes:
        stored: final window rows in the store.
        sent: final window rows in the analytics topic.
        dead_letters: messages of their topic.
        records: messages of the other two topics that are records.
    """

    stored: dict[RowKey, Row]
    sent: dict[RowKey, Row]
    dead_letters: list[Message]
    records: list[Message]


@dataclass(frozen=True)
class Outcome:
    """What one run gave.

    Attributes:
        rows: comparison of the stored window rows with the expected ones.
        sent: the same for the rows that the analytics topic ends up with.
        dead_letters: messages that the dead-letter topic tells of.
        doubled: records that a topic holds more than once.
    """

    rows: Comparison
    sent: Comparison
    dead_letters: int
    doubled: int

    @property
    def true(self) -> bool:
        """Whether everything is as expected."""
        return self.rows.same and self.sent.same and not self.doubled

    def __str__(self) -> str:
        rows = self.rows
        return (
            f"rows equal {rows.equal}, different {rows.different}, missing {rows.missing},"
            f" extra {rows.extra}; dead letters {self.dead_letters}"
        )


def produce(kafka: Kafka, topic: str, events: Path) -> None:
    """Create the topic and write the file's messages in order.

    The topic has as many partitions as the file names, and each message the time of its writing.

    Raises:
        UserMistake: a line of the file is no such object.
        KafkaException: the broker did not take a message.
    """
    messages = _messages(events)
    kafka.topic(topic, partitions=1 + max((partition for partition, _, _ in messages), default=0))
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Delivered) -> None:
        if error is not None:
            refused.append(error)

    producer = kafka.producer()
    for partition, key, value in messages:
        while True:
            try:
                producer.produce(topic, value, key, partition, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
    if left := producer.flush(_FLUSH_S):
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"{left} messages not written"))  # noqa: SLF001 - the library's public name
    if refused:
        raise KafkaException(refused[0])


def run_once(
    pipeline: Path,
    events: Path,
    expect: Path,
    shape: Shape,
    kafka: Kafka,
    influxdb: InfluxDB | None,
) -> Outcome:
    """Run the flow over topics and a store of its own and compare what it left there.

    Raises:
        UserMistake: one of the files has mistakes.
        FlowFailedError: the flow did not end with exit code 0.
    """
    declared = load_pipeline(pipeline)
    if len(declared.sources) != 1:
        raise UserMistake(f"{pipeline}: has {len(declared.sources)} sources; allowed is one")
    expected = read_expected(expect, declared)
    with (
        tempfile.TemporaryDirectory() as folder,
        private_copy(pipeline, Path(folder), kafka, influxdb) as copy,
    ):
        (source,) = copy.pipeline.sources.values()
        produce(kafka, source.kafka.topic, events)
        run_flow(copy.path, shape, copy.environment)
        return judge(left_in(copy), expected)


def left_in(copy: PrivateCopy) -> Left:
    """What is in the store and the topics of a private copy."""
    messages = {
        topic: [json.loads(message.value() or b"") for message in copy.kafka.read(topic)]
        for topic in (copy.output.topic, copy.output.critical_topic, copy.dead_letter_topic)
    }
    stored: dict[RowKey, Row] = {}
    sent: dict[RowKey, Row] = {}
    for window in copy.pipeline.windows:
        stored |= rows_of_window(window, copy.pipeline, copy.records(window))
        flat = [
            {"time_ns": record["time_ns"], **_tags(record), **record["fields"]}
            for record in messages[copy.output.topic]
            if record.get("kind") == "window" and record["signal"] == window
        ]
        sent |= rows_of_window(window, copy.pipeline, flat)
    return Left(stored, sent, messages[copy.dead_letter_topic], _records(messages, copy))


def _tags(record: Message) -> dict[str, Any]:
    return {name: EMPTY_KEY if value == "" else value for name, value in record["tags"].items()}


def judge(left: Left, expected: dict[RowKey, Row]) -> Outcome:
    """Compare what a flow has left with the final rows that it should have."""
    letters = Counter(
        (letter["topic"], letter["partition"], letter["offset"]) for letter in left.dead_letters
    )
    sent = Counter((record["id"], record["fields"].get("revision")) for record in left.records)
    return Outcome(
        compare(expected, left.stored),
        compare(expected, left.sent),
        len(letters),
        sum(count - 1 for count in (*letters.values(), *sent.values())),
    )


def _records(messages: dict[str, list[Message]], copy: PrivateCopy) -> list[Message]:
    both = [*messages[copy.output.topic], *messages[copy.output.critical_topic]]
    return [message for message in both if "id" in message]  # processed events have none


def main(
    *,
    pipeline: Annotated[
        Path, typer.Option(help="Pipeline file, with one source.", exists=True, dir_okay=False)
    ],
    events: Annotated[
        Path, typer.Option(help="Messages, one JSON object a line.", exists=True, dir_okay=False)
    ],
    expect: Annotated[
        Path, typer.Option(help="Final window rows as CSV.", exists=True, dir_okay=False)
    ],
    workers: Annotated[int, typer.Option(help="Worker threads of each process.", min=1)] = 1,
    processes: Annotated[int, typer.Option(help="Processes of the cluster.", min=1)] = 1,
    batch_size: Annotated[int, typer.Option(help="Most messages in a batch.", min=1)] = 20_000,
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
            found = run_once(pipeline, events, expect, shape, kafka, influxdb)
    except _UNREADABLE as error:
        typer.echo(f"could not run: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({**asdict(found), "shape": asdict(shape), "equal": found.true}))
    else:
        typer.echo(str(found))
        _tell_differences(found)
    raise typer.Exit(0 if found.true else 1)


def _tell_differences(found: Outcome) -> None:
    for example in found.rows.examples:
        typer.echo(f"  {example}", err=True)
    if not found.sent.same:
        sent = f"{found.sent.different} different, {found.sent.missing} missing"
        typer.echo(f"  analytics topic: {sent}, {found.sent.extra} extra", err=True)
    if found.doubled:
        typer.echo(f"  topics: {found.doubled} records more than once", err=True)


def _messages(events: Path) -> list[tuple[int, str | None, bytes | None]]:
    """Partition, key and value of each line."""
    messages = []
    with events.open(encoding="utf-8", newline="\n") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                line = json.loads(text)
                value = line["value"]
                payload = None if value is None else value.encode("utf-8", "surrogateescape")
                messages.append((int(line["partition"]), line.get("key"), payload))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise UserMistake(
                    f"{events}:{number}: no object with partition, key and value ({error!r})"
                ) from None
    return messages


if __name__ == "__main__":
    typer.run(main)
