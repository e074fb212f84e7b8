"""How fast the flow reads Kafka into windows, beside a bare consumer and stock windows.

    python -m benchmarks.throughput --events 2000000 --keys 1000 --json

The three take turns on the same topic, each run in a process of its own, because the speed of a
shared machine drifts; the figures are medians of the rounds and the ratios medians of the rounds'
ratios. A run that does not count every event, or not the true number of window rows, is an error.
"""

import json
import os
import statistics
import subprocess
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.contestants import CONTESTANTS, WINDOW_S
from benchmarks.flow_process import ROOT
from benchmarks.load import load_events, window_rows
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka, running_kafka
from tests.services.names import unique

PARTITIONS = 4
GOALS = {"flow_over_bare": 0.65, "flow_over_stock": 4.0}


class MiscountError(Exception):
    """A contestant did not count what is in the topic."""


def run_contestant(name: str, kafka: Kafka, topic: str, events: int) -> dict[str, Any]:
    """One run; the object that `benchmarks.contestants` prints."""
    command = [sys.executable, "-m", "benchmarks.contestants", name, topic]
    command += [str(events), str(PARTITIONS)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap, "TIDEGAUGE_BOUNDED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MiscountError(f"{name} failed: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(
    kafka: Kafka, events: int, keys: int, rounds: int, progress: Progress
) -> dict[str, Any]:
    """Load a topic and let the contestants take turns.

    Raises:
        MiscountError: a run did not count every event, or gave another number of rows than true.
    """
    topic = unique("throughput")
    task = progress.add_task("loading the topic", total=1 + rounds * len(CONTESTANTS))
    load_events(kafka, topic, events, keys, PARTITIONS)
    progress.advance(task)
    total = sum(kafka.end_offsets(topic).values())
    rows = window_rows(events, keys, WINDOW_S * 1_000)
    rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    cpu: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    try:
        for number in range(rounds):
            for name in CONTESTANTS:
                progress.update(task, description=f"round {number + 1}: {name}")
                result = run_contestant(name, kafka, topic, events)
                check_counts(name, result, total, rows)
                rates[name].append(total / result["seconds"])
                cpu[name].append(result["cpu_seconds"] / total * 1e6)
                progress.advance(task)
    finally:
        kafka.delete_topic(topic)
    return {
        "events": total,
        "keys": keys,
        "rounds": rounds,
        "window_rows": rows,
        **{name: round(statistics.median(values)) for name, values in rates.items()},
        "flow_over_bare": _ratio(rates["flow"], rates["bare"]),
        "flow_over_stock": _ratio(rates["flow"], rates["stock"]),
        "cpu_us_per_event": {
            name: round(statistics.median(values), 2) for name, values in cpu.items()
        },
    }


def check_counts(name: str, result: dict[str, Any], events: int, rows: int) -> None:
    """Compare what a contestant counted with the truth.

    Raises:
        MiscountError: it is something else.
    """
    if result["events"] != events:
        raise MiscountError(f"{name} counted {result['events']} events of {events}")
    # Stock windows drop what their clock calls late, so their rows are no truth.
    if name == "flow" and result["rows"] != rows:
        raise MiscountError(f"{name} gave {result['rows']} window rows, true are {rows}")


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


def main(
    *,
    events: Annotated[int, typer.Option(help="Events in the topic.", min=1)] = 2_000_000,
    keys: Annotated[int, typer.Option(help="Distinct keys.", min=1)] = 1_000,
    rounds: Annotated[int, typer.Option(help="Rounds; figures are medians.", min=1)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Bare consumer, flow (tumbling 10 s, one worker) and stock Bytewax windows, interleaved.

    Exit code 0: counted right and goals met; 1: a goal missed or a count wrong; 2: could not run.
    """
    console = Console(stderr=True)
    try:
        with running_kafka() as kafka, Progress(console=console, transient=True) as progress:
            result = measure(kafka, events, keys, rounds, progress)
    except ServerUnavailableError as error:
        console.print(f"could not run: {error}")
        raise typer.Exit(2) from None
    except MiscountError as error:
        console.print(str(error))
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(_table(result))
    raise typer.Exit(0 if all(result[name] >= goal for name, goal in GOALS.items()) else 1)


def _table(result: dict[str, Any]) -> Table:
    table = Table(
        title=f"{result['events']:,} events, {result['keys']:,} keys, {result['rounds']} rounds"
    )
    for heading in ("", "events/s", "CPU µs/event", "flow is"):
        table.add_column(heading, justify="right")
    for name in CONTESTANTS:
        ratio = result.get(f"flow_over_{name}")
        goal = GOALS.get(f"flow_over_{name}")
        told = f"{ratio:.2f}× (goal {goal:g})" if ratio is not None else ""
        table.add_row(name, f"{result[name]:,}", f"{result['cpu_us_per_event'][name]:.2f}", told)
    return table


if __name__ == "__main__":
    typer.run(main)
