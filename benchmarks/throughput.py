"""How fast the flow reads Kafka into windows, beside a bare consumer and stock windows.

    python -m benchmarks.throughput --events 2000000 --keys 1000 --json

The three take turns on the same topic, each run in a process of its own, because the speed of a
shared machine drifts; the figures are medians of the rounds and the ratios medians of the rounds'
ratios. A run that does not count every event, or not the true number of window rows, is an error.
"""

import json
import statistics
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.load import Load, load_topic
from benchmarks.runs import (
    Measured,
    MiscountError,
    Run,
    RunFailedError,
    measure,
    ratio,
)
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka, running_kafka
from tests.services.names import unique

CONTESTANTS = ("bare", "flow", "stock")
GOALS = {"flow_over_bare": 0.65, "flow_over_stock": 4.0}


def compare(kafka: Kafka, load: Load, rounds: int, progress: Progress) -> dict[str, Any]:
    """Load a topic and let the contestants take turns.

    Raises:
        MiscountError: a run did not count every event, or gave another number of rows than true.
        RunFailedError: a run failed.
    """
    topic = unique("throughput")
    task = progress.add_task("loading the topic", total=1 + rounds * len(CONTESTANTS))
    load_topic(kafka, topic, load)
    progress.advance(task)
    results: dict[str, list[Measured]] = {name: [] for name in CONTESTANTS}
    try:
        for number in range(rounds):
            for name in CONTESTANTS:
                progress.update(task, description=f"round {number + 1}: {name}")
                results[name].append(measure(Run(name), kafka, topic, load))
                progress.advance(task)
        total = sum(kafka.end_offsets(topic).values())
    finally:
        kafka.delete_topic(topic)
    if total != load.events:
        raise MiscountError(f"the topic holds {total} events of {load.events}")
    rates = {name: [one.rate for one in found] for name, found in results.items()}
    return {
        "events": total,
        "keys": load.keys,
        "rounds": rounds,
        "window_rows": results["flow"][0].rows,
        **{name: round(statistics.median(found)) for name, found in rates.items()},
        "flow_over_bare": round(ratio(rates["flow"], rates["bare"]), 3),
        "flow_over_stock": round(ratio(rates["flow"], rates["stock"]), 3),
        "cpu_us_per_event": {
            name: round(statistics.median(one.cpu_us for one in found), 2)
            for name, found in results.items()
        },
    }


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
            result = compare(kafka, Load(events, keys), rounds, progress)
    except (ServerUnavailableError, RunFailedError) as error:
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
