"""A flow and its live page under attack: what good messages make of it stays exact and in time.

    python -m benchmarks.hostile --minutes 30 --json

The real flow reads a topic of a real Kafka into which a good stream is written, a hundred payments
a second, and hostile traffic of all kinds beside it, into the same partitions: random bytes,
batches that unpack to more than 100 MB, giant keys and texts, deep JSON, huge numbers, clocks that
jump (event times, with and without Kafka timestamps that tell the same), floods of one key. The
live page that runs with it gets malformed requests and WebSocket frames, heads that drip, and feeds
that nobody reads.

`good_rows_equal`: every window of the good stream has the row that an independent computation of
what was written gives. `p99_ms`: of these rows, from when the window could be closed (the broker
has acknowledged, in each partition, a good event later than the window's end by the allowed
disorder) to the broker's stamp of the row in the output topic; of a row that was corrected, of its
last correction. `rss_slope_mb_h`: the greater one of the flow's and the live page's: the median of
the slopes of all pairs of samples in the second half of the run (Theil-Sen).
"""

import json
from typing import Annotated

import typer
from confluent_kafka import KafkaException
from rich.console import Console

from benchmarks.hostile.experiment import Found, run
from benchmarks.hostile.kinds import ALL
from benchmarks.runs import RunFailedError
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import running_kafka
from tidegauge.errors import TidegaugeError

LATEST_MS = 2_000.0
MOST_SLOPE_MB_H = 50.0
JUDGED_FROM_MINUTES = 10.0
"""A shorter run says nothing of the memory of hours."""
_UNABLE = (ServerUnavailableError, RunFailedError, KafkaException, TidegaugeError, OSError)


def told_of(found: Found, minutes: float) -> dict[str, object]:
    """The report."""
    compared = found.compared
    slopes = found.flow.slope_mb_h, found.live.slope_mb_h
    p99_ms = compared.delay_ms(0.99)
    holds = {
        "good_rows_equal": compared.same,
        "in_time": p99_ms <= LATEST_MS,
        "memory_flat": minutes < JUDGED_FROM_MINUTES or max(slopes) <= MOST_SLOPE_MB_H,
        "answers": not found.wrong and not found.tracebacks,
        "ended": found.exit_code == 0,
    }
    return {
        "minutes": minutes,
        **holds,
        "rows": compared.equal,
        "different": compared.different,
        "missing": compared.missing,
        "extra": compared.extra,
        "p50_ms": round(compared.delay_ms(0.5), 1),
        "p99_ms": round(p99_ms, 1),
        "most_ms": round(compared.delay_ms(1.0), 1),
        "rss_slope_mb_h": round(max(slopes), 1),
        "rss_slope_flow_mb_h": round(slopes[0], 1),
        "rss_slope_live_mb_h": round(slopes[1], 1),
        "rss_peak_flow_mb": round(found.flow.peak_mb, 1),
        "rss_peak_live_mb": round(found.live.peak_mb, 1),
        "sent": dict(found.sent),
        "letters": dict(found.letters),
        "restarts": found.restarts,
        "exit_code": found.exit_code,
        "tracebacks": found.tracebacks,
        "wrong": compared.wrong + found.wrong,
        "met": all(holds.values()),
    }


def main(
    *,
    minutes: Annotated[float, typer.Option(help="How long it is attacked.", min=0.1)] = 30.0,
    kinds: Annotated[str, typer.Option(help=f"What by, with commas: {', '.join(ALL)}.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Attack a flow and its live page.

    Exit code 0: the good rows are exact and at most 2 s late (99 %), memory is flat (judged from
    10 minutes on: 50 MB an hour), the page answers as it must, and the flow ends when it is told
    to; 1: not; 2: could not run.
    """
    console = Console(stderr=True)
    chosen = [kind.strip() for kind in kinds.split(",") if kind.strip()] or list(ALL)
    if unknown := sorted(set(chosen) - set(ALL)):
        console.print(f"--kinds: no {unknown[0]!r}; there are {', '.join(ALL)}", markup=False)
        raise typer.Exit(2)
    try:
        with running_kafka() as kafka:
            found = run(kafka, minutes * 60, chosen, console.print)
    except _UNABLE as error:
        console.print(f"could not run: {error}", markup=False)
        raise typer.Exit(2) from None
    told = told_of(found, minutes)
    if not told["met"]:
        console.print(found.output, markup=False, highlight=False)
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        for name, value in told.items():
            typer.echo(f"{name}: {value}")
    raise typer.Exit(0 if told["met"] else 1)


if __name__ == "__main__":
    typer.run(main)
