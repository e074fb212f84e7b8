"""A flow that is killed again and again, compared with one that is not.

    python -m benchmarks.chaos --kills 50 --json

Disordered, late and broken messages are sent while the flow is started, disturbed and killed, at
moments that are drawn: one process, one of two, while InfluxDB stalls, while Kafka stalls. Then the
same flow runs once without faults, over the same input and journal. What is in InfluxDB and, for
readers of committed messages, in all output topics has to be equal, record by record; fields that
tell of the run are not compared.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.chaos.experiment import run
from benchmarks.chaos.faults import Plan, Servers
from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.subject import ChaosError
from tests.services.errors import ServerUnavailableError
from tests.services.restartable import restartable_influxdb, restartable_kafka
from tidegauge.errors import TidegaugeError

BROKEN = "benchmarks.chaos.broken"
_RUNS = 2
"""Besides one for each fault: the last one and that without faults."""


def main(  # noqa: PLR0913 - a parameter is an option
    *,
    kills: Annotated[int, typer.Option(min=0, help="How often processes are killed.")] = 50,
    seed: Annotated[int, typer.Option(help="Of the input, the faults and their moments.")] = 1,
    delivery: Annotated[
        str, typer.Option(help="exactly_once, or low_latency, which may double.")
    ] = "exactly_once",
    drains: Annotated[int, typer.Option(min=0, help="How often SIGTERM is sent.")] = 3,
    restart_broker: Annotated[int, typer.Option(min=0, help="How often it is restarted.")] = 0,
    stop_influx: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Stop InfluxDB once for so long.")
    ] = 0,
    messages: Annotated[int, typer.Option(min=100, help="Messages for each fault.")] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    broken_sink: Annotated[bool, typer.Option("--broken-sink", hidden=True)] = False,
) -> None:
    """Kill a flow again and again, and compare what it wrote with a run without faults.

    Exit code 0: equal, and all goals met; 1: not; 2: could not run. Kafka and InfluxDB are its own.
    """
    console = Console(stderr=True)
    if delivery not in ("exactly_once", "low_latency"):
        raise typer.BadParameter(f"{delivery!r}: allowed are exactly_once and low_latency")
    plan = Plan(
        kills=kills,
        seed=seed,
        delivery=delivery,
        drains=drains,
        broker_restarts=restart_broker,
        stop_influxdb_s=stop_influx,
        messages=messages,
        launcher=BROKEN if broken_sink else Plan.launcher,
    )
    try:
        outcome = _run(plan, console)
    except ChaosError as error:
        console.print(f"no result: {error}", markup=False)
        raise typer.Exit(1) from None
    except (ServerUnavailableError, KafkaException, TidegaugeError, OSError) as error:
        console.print(f"could not run: {error}", markup=False)
        raise typer.Exit(2) from None
    report = outcome.report(plan)
    if as_json:
        typer.echo(json.dumps(report, indent=1))
    else:
        _show(report)
    raise typer.Exit(0 if report["met"] else 1)


def _run(plan: Plan, console: Console) -> Outcome:
    with ExitStack() as stack:
        kafka, broker = stack.enter_context(restartable_kafka())
        influxdb, store = stack.enter_context(restartable_influxdb())
        proxy = stack.enter_context(Proxy(influxdb.url).running())
        say = _progress(stack, console, len(plan.faults(kafka_is_ours=True)) + _RUNS)
        return run(plan, kafka, influxdb, Servers(proxy, broker, store), say)


def _progress(stack: ExitStack, console: Console, total: int) -> Callable[[str], None]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
    task = stack.enter_context(progress).add_task("", total=total)

    def say(what: str) -> None:
        progress.update(task, description=what, advance=1)

    return say


def _show(report: dict[str, Any]) -> None:
    columns = ("records", "lost", "doubled", "different", "extra")
    table = Table("place and signal", *columns)
    for name, one in report["signals"].items():
        style = "red" if one["wrong"] else None
        table.add_row(name, *(str(one[column]) for column in columns), style=style)
    table.add_row("all", *(str(report[column]) for column in columns))
    console = Console()
    console.print(table)
    for name in ("recovery_s", "drain_s"):
        goal = report[name]
        mark = "met" if goal["met"] else "MISSED"
        console.print(
            f"{name}: {goal['measured']} (of {goal['count']}; goal {goal['goal']}) {mark}"
        )
    for signal in report["signals"].values():
        if signal["wrong"]:
            console.print("\n".join(signal["examples"]), markup=False)
    if report["unexpected_ends"]:
        console.print("\n".join(report["unexpected_ends"]), markup=False)


if __name__ == "__main__":
    typer.run(main)
