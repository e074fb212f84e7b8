"""The window engine beside a bare consumer: throughput, processor time, memory, stalls, latency.

    python -m benchmarks.windows --json

A topic at a time, all that read it take turns, each run in a process of its own, because the speed
of a shared machine drifts; a figure is the median of the rounds, a ratio the median of the rounds'
ratios. A run that does not count every message of the topic, every event and the true number of
window rows is no result.
"""

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from benchmarks.flow_process import FlowFailedError
from benchmarks.goals.latency import LATENCY_ROWS, LatencyRow, measure_latency
from benchmarks.goals.row import Row
from benchmarks.goals.table import ROWS
from benchmarks.goals.topics import LONG, RUNS, topics
from benchmarks.load import Load, load_topic
from benchmarks.runs import Measured, MiscountError, RunFailedError, measure
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka, running_kafka
from tests.services.names import unique
from tidegauge.errors import TidegaugeError

_ALL: tuple[Row | LatencyRow, ...] = (*ROWS, *LATENCY_ROWS)
_NAMES = [row.name for row in _ALL]
_UNABLE = (
    ServerUnavailableError,
    RunFailedError,
    FlowFailedError,
    KafkaException,
    TidegaugeError,
    OSError,
)
_QUICK_EVENTS, _QUICK_ROUNDS = 200_000, 1
_LATENCY_S, _QUICK_LATENCY_S = 30, 10

Results = dict[tuple[str, str], list[Measured]]
Wrong = dict[tuple[str, str], str]
"""What a run, by the names of its topic and itself, counted wrong."""


def main(
    *,
    more: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    rows: Annotated[
        list[str] | None, typer.Option("--rows", metavar="NAME…", help="Only these rows.")
    ] = None,
    events: Annotated[
        int | None, typer.Option(help="Events in most topics.  [default: 2000000]", min=50_000)
    ] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds.  [default: 3]", min=1)] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="200,000 events, one round, no long topics.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    list_rows: Annotated[bool, typer.Option("--list", help="Print the rows and end.")] = False,
) -> None:
    """Measure the rows of the table and compare each with its goal.

    Exit code 0: all goals met; 1: one is missed, or a run counted wrong; 2: could not run. The
    broker is that of `KAFKA_BOOTSTRAP`, else one of its own. Every row but those of latency is
    measured in rounds; nothing else of weight should run on the machine.
    """
    console = Console(stderr=True)
    if list_rows:
        Console().print(_listed())
        raise typer.Exit
    if more and not rows:
        raise typer.BadParameter(f"{more[0]!r}: rows are named after --rows")
    chosen = _chosen([*(rows or []), *(more or [])], quick=quick)
    events = events or (_QUICK_EVENTS if quick else 2_000_000)
    rounds = rounds or (_QUICK_ROUNDS if quick else 3)
    try:
        with running_kafka() as kafka, _progress(console) as progress:
            found = measured_rows(kafka, chosen, events, rounds, progress)
            found += latency_rows(
                kafka, chosen, _QUICK_LATENCY_S if quick else _LATENCY_S, progress
            )
    except _UNABLE as error:
        console.print(f"could not run: {error}", markup=False)
        raise typer.Exit(2) from None
    if as_json:
        told = {"events": events, "rounds": rounds, "quick": quick, "rows": found}
        typer.echo(json.dumps(told, indent=1))
    else:
        Console().print(_table(found))
    raise typer.Exit(0 if all(row["met"] for row in found) else 1)


def measured_rows(
    kafka: Kafka, chosen: list[str], events: int, rounds: int, progress: Progress
) -> list[dict[str, Any]]:
    """The rows that are measured in rounds.

    A row of a run that counted wrong has no figure, and its goal is missed.

    Raises:
        RunFailedError: a run failed.
    """
    wanted = [row for row in ROWS if row.name in chosen]
    needs = list(dict.fromkeys(need for row in wanted for need in row.needs))
    task = progress.add_task("", total=len(needs) * rounds)
    results: Results = {}
    wrong: Wrong = {}
    for name, load in topics(events).items():
        if runs := [run for topic, run in needs if topic == name]:
            results |= _rounds(kafka, (name, load), runs, rounds, wrong, progress, task)
    return [_judged(row, results, wrong) for row in wanted]


def latency_rows(
    kafka: Kafka, chosen: list[str], seconds: int, progress: Progress
) -> list[dict[str, Any]]:
    """The rows of latency, all from one run of the real flow."""
    wanted = [row for row in LATENCY_ROWS if row.name in chosen]
    if not wanted:
        return []
    task = progress.add_task(f"latency, {seconds} s", total=1)
    measured = measure_latency(kafka, seconds)
    progress.advance(task)
    return [_entry(row, row.of(measured), measured.raw) for row in wanted]


def _rounds(
    kafka: Kafka,
    topic: tuple[str, Load],
    runs: list[str],
    rounds: int,
    wrong: Wrong,
    progress: Progress,
    task: Any,
) -> Results:
    name, load = topic
    results: Results = {(name, run): [] for run in runs}
    progress.update(task, description=f"{name}: loading {load.events:,} events")
    place = unique("windows")
    try:
        load_topic(kafka, place, load)
        total = sum(kafka.end_offsets(place).values())
        if total != load.events:
            raise RunFailedError(f"the topic holds {total} messages of {load.events}")
        for number in range(rounds):
            for run in runs:
                progress.update(task, description=f"{name}, round {number + 1}: {run}")
                try:
                    results[name, run].append(measure(RUNS[run], kafka, place, load))
                except MiscountError as error:
                    wrong[name, run] = f"{name}: {error}"
                progress.advance(task)
    finally:
        kafka.delete_topic(place)
    return results


def _judged(row: Row, results: Results, wrong: Wrong) -> dict[str, Any]:
    if found := [wrong[need] for need in row.needs if need in wrong]:
        return _entry(row, None, {"wrong": found})
    outcome = row.judge(results)
    return _entry(row, outcome.measured, outcome.raw)


def _entry(row: Row | LatencyRow, measured: float | None, raw: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "measured": None if measured is None else round(measured, 3),
        "goal": row.goal,
        "met": measured is not None and row.met(measured),
        "about": row.about,
        "goal_is": "at least" if row.least else "at most",
        "reference": row.reference,
        "raw": raw,
    }


def _chosen(names: list[str], *, quick: bool) -> list[str]:
    """Names of rows, also several in one text; without any, all, or those that are quick."""
    given = [name for text in names for name in text.replace(",", " ").split()]
    if unknown := [name for name in given if name not in _NAMES]:
        raise typer.BadParameter(
            f"no row {unknown[0]!r}; allowed: {', '.join(_NAMES)}", param_hint="--rows"
        )
    slow = {row.name for row in ROWS if LONG.intersection(topic for topic, _ in row.needs)}
    return given or [name for name in _NAMES if not (quick and name in slow)]


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _listed() -> Table:
    table = Table(Column("row", no_wrap=True), "what is measured", "goal", "elsewhere")
    for row in _ALL:
        table.add_row(
            row.name, row.about, f"{'≥' if row.least else '≤'} {row.goal:g}", row.reference
        )
    return table


def _table(found: Iterable[dict[str, Any]]) -> Table:
    table = Table(
        Column("row", no_wrap=True), "what is measured", "measured", "goal", "", "elsewhere"
    )
    for row in found:
        sign, mark = (
            ("≥" if row["goal_is"] == "at least" else "≤"),
            ("met" if row["met"] else "MISSED"),
        )
        goal = f"{sign} {row['goal']:g}"
        table.add_row(row["name"], row["about"], _figure(row), goal, mark, row["reference"])
    return table


def _figure(row: dict[str, Any]) -> str:
    return "; ".join(row["raw"]["wrong"]) if row["measured"] is None else f"{row['measured']:g}"


if __name__ == "__main__":
    typer.run(main)
