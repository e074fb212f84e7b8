"""1 % poison in a topic: all of it in the dead letters, the rest exact, and hardly slower.

    python -m benchmarks.poison --json

The flow reads a topic with poison of every kind and the same one without in turns, each time in a
process of its own and into a store of its own, because the speed of a shared machine drifts; the
figure is the median of the rounds' ratios of the two rates.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import Progress

from benchmarks.flow_process import ROOT
from benchmarks.poisoned.topic import Poisoned, fill, poisoned
from benchmarks.poisoned.verdict import Verdict, examine
from benchmarks.private_copy import PrivateCopy, private_copy
from benchmarks.runs import Measured, RunFailedError
from benchmarks.window_rows import read_expected
from tests.dataflows.shop.files import PIPELINE, write_rows
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka, running_kafka
from tidegauge.errors import TidegaugeError

GOAL = 0.9
"""Rate with poison over that without."""
_UNABLE = (ServerUnavailableError, RunFailedError, KafkaException, TidegaugeError, OSError)
_TOLD, _TIMEOUT_S = 2_000, 900


@dataclass(frozen=True)
class Result:
    """What was measured.

    Attributes:
        events: messages of the topic with poison.
        refused: how many of them must be dead letters.
        verdict: of the first run over it.
        rates: messages a second of each round, with poison and without.
        cpu_us: processor time a message of each round, microseconds, with poison and without.
        share: median of the rounds' ratios of the rates.
    """

    events: int
    refused: int
    verdict: Verdict
    rates: list[tuple[float, float]]
    cpu_us: list[tuple[float, float]]
    share: float

    @property
    def met(self) -> bool:
        """Whether all is as it must be."""
        return self.verdict.exact and self.share >= GOAL


def compare(kafka: Kafka, events: int, rounds: int, progress: Progress) -> Result:
    """Fill both topics and let the flow read them in turns.

    Raises:
        RunFailedError: a run failed.
    """
    task = progress.add_task("making the messages", total=2 + 2 * rounds)
    topic = poisoned(events)
    progress.advance(task)
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.csv"
        write_rows(topic.truth.final, rows)
        with (
            _loaded(kafka, Path(folder), topic, clean=False) as bad,
            _loaded(kafka, Path(folder), topic, clean=True) as good,
        ):
            progress.advance(task)
            verdict, measured = Verdict(), list[tuple[Measured, Measured]]()
            for number in range(rounds):
                progress.update(task, description=f"round {number + 1}: with poison")
                with_poison = _run(bad, len(topic.messages))
                if not number:
                    verdict = examine(bad, topic, read_expected(rows, bad.pipeline))
                progress.update(task, description=f"round {number + 1}: without", advance=1)
                measured.append((with_poison, _run(good, len(topic.clean))))
                progress.advance(task)
    rates = [(bad.rate, good.rate) for bad, good in measured]
    cpu_us = [(bad.cpu_us, good.cpu_us) for bad, good in measured]
    share = statistics.median(slow / fast for slow, fast in rates)
    return Result(len(topic.messages), len(topic.refused), verdict, rates, cpu_us, share)


@contextmanager
def _loaded(kafka: Kafka, folder: Path, topic: Poisoned, *, clean: bool) -> Iterator[PrivateCopy]:
    with private_copy(PIPELINE, folder, kafka, None) as copy:
        (source,) = copy.pipeline.sources.values()
        fill(kafka, source.kafka.topic, topic.clean if clean else topic.messages)
        yield copy


def _run(copy: PrivateCopy, messages: int) -> Measured:
    """One run into an empty store.

    Raises:
        RunFailedError: it failed, or did not read every message.
    """
    for file in copy.database.parent.glob(f"{copy.database.name}*"):
        file.unlink()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.poisoned.timed_flow", str(copy.path)],
        cwd=ROOT,
        env={**os.environ, **copy.environment, "TIDEGAUGE_BOUNDED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    if done.returncode:
        raise RunFailedError(f"the flow failed: {done.stderr[-_TOLD:]}")
    tally: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    seconds = tally.pop("ended") - tally.pop("started")
    measured = Measured(**tally, seconds=seconds)
    if measured.read != messages:
        raise RunFailedError(f"the flow read {measured.read} messages of {messages}")
    return measured


def main(
    *,
    events: Annotated[int, typer.Option(help="Messages, about.", min=1_000)] = 500_000,
    rounds: Annotated[int, typer.Option(help="Rounds; the ratio is a median.", min=1)] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """The flow over a topic with 1 % poison beside the same one without.

    Exit code 0: every poison is a dead letter with its kind and payload, all window rows are exact,
    and the rate is at least 0.9 of that without; 1: not; 2: could not run.
    """
    console = Console(stderr=True)
    try:
        with running_kafka() as kafka, Progress(console=console, transient=True) as progress:
            result = compare(kafka, events, rounds, progress)
    except _UNABLE as error:
        console.print(f"could not run: {error}", markup=False)
        raise typer.Exit(2) from None
    told = {
        "events": result.events,
        "refused": result.refused,
        "exact": result.verdict.exact,
        **asdict(result.verdict),
        "rate_share": round(result.share, 3),
        "goal": GOAL,
        "met": result.met,
        "rates": [[round(rate) for rate in pair] for pair in result.rates],
        "cpu_us": [[round(cpu, 2) for cpu in pair] for pair in result.cpu_us],
    }
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        for name, value in told.items():
            typer.echo(f"{name}: {value}")
    raise typer.Exit(0 if result.met else 1)


if __name__ == "__main__":
    typer.run(main)
