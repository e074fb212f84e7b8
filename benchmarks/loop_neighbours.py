"""One key in a long loop of a pattern: what it costs, its neighbours' windows, and the end.

    python -m benchmarks.loop_neighbours --json

The flow of `pipelines/payments.yaml` runs as a deployment runs it, once with its pattern as it is,
and once with one whose last condition fails again and again, which costs most. Beside the payments
of other cards one card pays 10,000 times within the window of the pattern. The broker stamps all
topics, so that one clock counts. `total_s` is from the first of these payments to the match that
ends them; a window is late from when the watermark passed its end. Then the flow reads the same
topic again and is asked to end at several moments: `sigterm_s` is how long that takes at most;
it goes on from its saved state, and what it tells in the end must be the same.
"""

import json
import random
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from bytewax.recovery import init_db_dir
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from rich.console import Console
from ruamel.yaml import YAML

from benchmarks.flow_process import (
    ROOT,
    FlowFailedError,
    Member,
    Shape,
    run_flow,
    running_flow,
    wait_for_end,
)
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka, running_kafka
from tests.services.names import unique
from tidegauge.errors import TidegaugeError

MOST_TOTAL_S, MOST_LATE_S, MOST_SIGTERM_S = 20.0, 1.0, 10.0
PIPELINE = ROOT / "pipelines" / "payments.yaml"
PATTERN = "card_testing"
PARTITIONS = 2
REGIONS = ("north", "south", "east", "west")
HOT_CARD, HOT_REGION = "hot", "elsewhere"
SPEED = 10
"""Event time is so many times as fast as the clock."""
_RATE, _TURNS = 200, 50
_WINDOW_MS, _OUT_OF_ORDERNESS_MS = 10_000, 2_000
_SMALL = "amount < 20"
_LONGEST_S = 120
_POLL_S = 0.02
_STAMPED = {"message.timestamp.type": "LogAppendTime"}
_UNABLE = (ServerUnavailableError, FlowFailedError, KafkaException, TidegaugeError, OSError)


class Case(NamedTuple):
    """A pattern: another condition on its small payments, and what is paid in turns."""

    small: str | None
    amounts: tuple[float, ...]


CASES: Mapping[str, Case] = {
    "as shipped": Case(None, (1.0,)),
    "a condition that fails": Case(_SMALL, (15.0, 16.0, 17.0, 600.0)),
}


@dataclass
class Figures:
    """What was measured of a case.

    Attributes:
        total_s: from the first payment of the loop to its match.
        windows: how many window records of others there were.
        worst_late_s: the worst of them.
        given_up: runs that were given up, and told.
        sigterm_s: from SIGTERM to the end, for each moment.
        same: whether the flow told the same after each end as without.
    """

    total_s: float
    windows: int
    worst_late_s: float
    given_up: int
    sigterm_s: dict[str, float] = field(default_factory=dict)
    same: bool = True

    @property
    def met(self) -> bool:
        """Whether all is as it must be."""
        return (
            self.same
            and self.total_s <= MOST_TOTAL_S
            and self.worst_late_s <= MOST_LATE_S
            and max(self.sigterm_s.values(), default=0.0) <= MOST_SIGTERM_S
        )


def measure(kafka: Kafka, case: Case, events: int, moments: Sequence[float]) -> Figures:
    """One case.

    Raises:
        FlowFailedError: a flow failed, or the match did not come.
    """
    with tempfile.TemporaryDirectory() as folder, _copy(Path(folder), kafka, case) as copy:
        with running_flow(copy.path, Shape(), copy.environment) as (member,):
            _pay(copy, member, case, events)
        figures = _figures(copy)
        _empty(copy)
        run_flow(copy.path, Shape(), copy.environment)
        expected = _told(copy)
        figures.given_up = expected[1]
        for moment in moments:
            _empty(copy)
            state = Path(folder) / f"state-{moment}"
            figures.sigterm_s[f"{moment:g}"] = _ended_after(copy, state, moment)
            run_flow_from(copy, state)
            figures.same &= _told(copy) == expected
        return figures


def run_flow_from(copy: PrivateCopy, state: Path) -> None:
    """Let the flow go on from saved state to the end of its topics."""
    environment = {**copy.environment, "TIDEGAUGE_BOUNDED": "1"}
    with running_flow(copy.path, Shape(), environment, _options(state)) as members:
        wait_for_end(members)


@contextmanager
def _copy(folder: Path, kafka: Kafka, case: Case) -> Iterator[PrivateCopy]:
    """A private copy of the pipeline, with the pattern of a case, and its topics."""
    with private_copy(PIPELINE, folder, kafka, None) as copy:
        if case.small is not None:
            document = YAML().load(copy.path.read_text(encoding="utf-8"))
            document["patterns"][PATTERN]["define"]["small"] = case.small
            with copy.path.open("w", encoding="utf-8") as file:
                YAML().dump(document, file)
        (source,) = copy.pipeline.sources.values()
        kafka.topic(source.kafka.topic, partitions=PARTITIONS, config=_STAMPED)
        kafka.topic(copy.output.topic, partitions=1, config=_STAMPED)
        yield copy


def _pay(copy: PrivateCopy, member: Member, case: Case, events: int) -> None:
    """Write payments of other cards, and amid them those of one card, until its match is there."""
    paying = _Paying(copy, member)
    for _ in range(_LONGEST_S):
        paying.others(1)
        if paying.told():
            break
    paying.others(3)
    for number in range(events):
        paying.one(HOT_CARD, HOT_REGION, case.amounts[number % len(case.amounts)])
        if number % (events // 20 + 1) == 0:
            paying.others(1 / _TURNS)
    for amount in (*case.amounts[:1] * 3, 1e6):
        paying.one(HOT_CARD, HOT_REGION, amount)
    for _ in range(_LONGEST_S):
        paying.others(1)
        if any(_is_match(record) for _, record in _records(copy)):
            break
    else:
        raise FlowFailedError(f"no match in {_LONGEST_S} s: {member.output[-2_000:]}")
    paying.others(3)


class _Paying:
    """Writes payments; their event time goes on `SPEED` times as fast as the clock."""

    def __init__(self, copy: PrivateCopy, member: Member) -> None:
        (source,) = copy.pipeline.sources.values()
        self._topic, self._output = source.kafka.topic, copy.output.topic
        self._kafka, self._member = copy.kafka, member
        self._producer = copy.kafka.producer()
        self._started = time.time()
        self._first_ms = int((self._started - 3_600) * 1_000)
        self._chance = random.Random(1)

    def others(self, seconds: float) -> None:
        """So many seconds of others."""
        if self._member.process.poll() is not None:
            raise FlowFailedError(f"the flow has ended: {self._member.output[-2_000:]}")
        started = time.time()
        for turn in range(round(seconds * _TURNS)):
            time.sleep(max(started + turn / _TURNS - time.time(), 0))
            for partition in range(PARTITIONS):
                for _ in range(_RATE // _TURNS // PARTITIONS):
                    card, region = f"c{self._chance.randrange(100)}", self._chance.choice(REGIONS)
                    self._write(card, region, self._chance.uniform(30, 90), partition)
            self._producer.poll(0)
        self._producer.flush()

    def one(self, card: str, region: str, amount: float) -> None:
        """One payment."""
        self._write(card, region, amount, 0)

    def told(self) -> bool:
        """Whether the flow has told anything."""
        return bool(sum(self._kafka.end_offsets(self._output).values()))

    def _write(self, card: str, region: str, amount: float, partition: int) -> None:
        at_ms = self._first_ms + round((time.time() - self._started) * 1_000 * SPEED)
        value = {"ts": at_ms, "card": card, "region": region, "amount": amount, "status": "ok"}
        while True:
            try:
                self._producer.produce(self._topic, json.dumps(value), partition=partition)
                return
            except BufferError:
                self._producer.poll(0.1)


def _figures(copy: PrivateCopy) -> Figures:
    """Of what is in the topics."""
    (source,) = copy.pipeline.sources.values()
    passed: list[dict[int, int]] = [{} for _ in range(PARTITIONS)]
    began_ms: int | None = None
    for message in _messages(copy.kafka, source.kafka.topic):
        event = json.loads(message.value() or b"")
        if event["card"] == HOT_CARD and began_ms is None:
            began_ms = message.timestamp()[1]
        end_ms = (event["ts"] - _OUT_OF_ORDERNESS_MS) // _WINDOW_MS * _WINDOW_MS
        passed[message.partition() or 0].setdefault(end_ms, message.timestamp()[1])
    late_ms, matched_ms = [], 0
    for stamp_ms, record in _records(copy):
        end_ms = record["time_ns"] // 1_000_000
        if _is_match(record):
            matched_ms = stamp_ms
        elif (
            record["kind"] == "window"
            and began_ms is not None
            and stamp_ms >= began_ms
            and all(end_ms in one for one in passed)
        ):
            late_ms.append(stamp_ms - max(one[end_ms] for one in passed))
    return Figures(
        round((matched_ms - (began_ms or 0)) / 1e3, 2),
        len(late_ms),
        round(max(late_ms, default=0) / 1e3, 3),
        0,
    )


def _is_match(record: Mapping[str, Any]) -> bool:
    return bool(record["signal"] == PATTERN)


def _records(copy: PrivateCopy) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records in the output topic, with the broker's stamps."""
    for message in _messages(copy.kafka, copy.output.topic):
        if not message.headers():
            yield message.timestamp()[1], json.loads(message.value() or b"")


def _messages(kafka: Kafka, topic: str) -> Iterator[Message]:
    """The messages of a topic up to its end."""
    ends = kafka.end_offsets(topic)
    left = sum(ends.values())
    config = {"bootstrap.servers": kafka.bootstrap, "group.id": unique("reader")}
    with Consumer({**config, "enable.auto.commit": False}) as client:
        client.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
        while left > 0:
            messages = client.consume(1_000, 10.0)
            if not messages:
                raise FlowFailedError(f"topic {topic}: {left} messages are missing")
            left -= len(messages)
            for message in messages:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                yield message


def _ended_after(copy: PrivateCopy, state: Path, moment: float) -> float:
    """Seconds from SIGTERM, so long after the flow told something, to its end.

    Raises:
        FlowFailedError: the exit code was not 0.
    """
    state.mkdir()
    init_db_dir(state, 1)  # type: ignore[no-untyped-call]  # it has no types
    before = sum(copy.kafka.end_offsets(copy.output.topic).values())
    with running_flow(copy.path, Shape(), copy.environment, _options(state)) as members:
        (member,) = members
        deadline = time.monotonic() + _LONGEST_S
        while sum(copy.kafka.end_offsets(copy.output.topic).values()) == before:
            if member.process.poll() is not None or time.monotonic() > deadline:
                raise FlowFailedError(f"the flow told nothing: {member.output[-2_000:]}")
            time.sleep(_POLL_S)
        time.sleep(moment)
        asked = time.monotonic()
        member.process.send_signal(signal.SIGTERM)
        wait_for_end(members)
        return round(time.monotonic() - asked, 2)


def _options(state: Path) -> list[str]:
    return ["-r", str(state), "-s", "1", "-b", "0"]


def _empty(copy: PrivateCopy) -> None:
    for file in copy.database.parent.glob(f"{copy.database.name}*"):
        file.unlink()


def _told(copy: PrivateCopy) -> tuple[list[str], int]:
    """Matches in the store by their ids, and how many runs were given up."""
    letters = [json.loads(one["detail"]) for one in copy.records("dead_letters") if one["detail"]]
    given_up = sum(one["runs"] for one in letters if one.get("pattern") == PATTERN)
    return sorted(str(one["id"]) for one in copy.records(PATTERN)), given_up


def main(
    *,
    events: Annotated[int, typer.Option(help="Payments of the one card.", min=20)] = 10_000,
    moment: Annotated[
        list[float] | None, typer.Option(help="SIGTERM so long after the flow began, in seconds.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure both patterns.

    Exit code 0: at most 20 s in all, windows of others at most 1 s late, at most 10 s from SIGTERM
    to the end, and the same was told after it; 1: not; 2: could not run.
    """
    moments = [0.0, 0.5, 1.0, 2.0, 4.0] if moment is None else moment
    try:
        with running_kafka() as kafka:
            found = {name: measure(kafka, one, events, moments) for name, one in CASES.items()}
    except _UNABLE as error:
        Console(stderr=True).print(f"could not run: {error}", markup=False)
        raise typer.Exit(2) from None
    told = {"events": events, "met": all(one.met for one in found.values())}
    rows = {name: {**vars(one), "met": one.met} for name, one in found.items()}
    if as_json:
        typer.echo(json.dumps({**told, "cases": rows}, indent=1))
    else:
        for name, row in rows.items():
            typer.echo(f"{name}:")
            for figure, value in row.items():
                typer.echo(f"  {figure}: {value}")
    raise typer.Exit(0 if told["met"] else 1)


if __name__ == "__main__":
    typer.run(main)
