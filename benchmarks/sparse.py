"""Windows over sparse history: memory, time and rows where most keys are silent most of the time.

    python -m benchmarks.sparse
    python -m benchmarks.sparse --rows sliding cumulative --json

A day or several of events of thousands of keys go through the windows of four key groups in batches
as the flow has them, each row of the table in a process of its own; no server is needed. The time
is that of windows alone, from pre-aggregation to results; memory is the most that the process ever
held beyond what it had before the first batch.
"""

import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.contestants.peak import peak_mib
from operators.windows.group import WindowGroup
from operators.windows.operator import _Splitter
from operators.windows.plan import declare_window
from tidegauge.batch import (
    OFFSET,
    TIME,
    Counts,
    EventBatch,
    PartitionState,
    Progress,
)
from tidegauge.spec.models import Source

_DAY_NS = 86_400_000_000_000
_GROUPS = 4
_SOURCE: dict[str, Any] = {
    "kafka": {"topic": "history"},
    "fields": {"card": {"type": "string"}, "shop": {"type": "string"}, "amount": {"type": "float"}},
    "event_time": {
        "field": "ts",
        "format": "epoch_ms",
        "out_of_orderness": "2s",
        "lateness": "1m",
    },
}
_SLIDING = {"sliding": {"size": "10s", "every": "2s"}}
_TUMBLING = {"tumbling": {"size": "1m"}}
_SO_FAR = {"cumulative": {"size": "1d", "every": "1m"}}
_SESSION = {"session": {"gap": "30s"}}
_COUNT, _TABLES = {"n": "count(*)"}, {"shops": "distinct(shop)", "best": "top(shop, 3)"}
_SPREAD = {"n": "count(*)", "mean": "avg(amount)", "spread": "std_dev(amount)"}


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Attributes:
        window: kind of the window.
        select: its metrics.
        days: event time that the events are spread over.
        events: how many.
        keys: distinct keys, drawn at random; 0 for as many as events, each once.
        batch: messages of a batch.
    """

    window: dict[str, Any]
    select: dict[str, str]
    days: int = 1
    events: int = 92_000
    keys: int = 50_000
    batch: int = 20_000


CASES = {
    "tumbling": Case(_TUMBLING, _SPREAD),
    "sliding": Case(_SLIDING, _COUNT),
    "sliding_one_batch": Case(_SLIDING, _COUNT, batch=92_000),
    "sliding_small_batches": Case(_SLIDING, _COUNT, batch=500),
    "sliding_distinct_top": Case(_SLIDING, _TABLES),
    "cumulative": Case(_SO_FAR, _SPREAD, keys=2_000),
    "cumulative_5_days": Case(_SO_FAR, _SPREAD, days=5, events=460_000, keys=2_000),
    "cumulative_distinct_top": Case(_SO_FAR, _TABLES, keys=2_000),
    "session_keys_once": Case(_SESSION, _COUNT, keys=0, batch=5_000),
}


@dataclass(frozen=True)
class Outcome:
    """What was measured of a case.

    Attributes:
        seconds: time in the windows.
        memory_mb: most memory beyond that of the start, MiB.
        rows: results.
        saved_mb: size of the last saved state, MB.
        keys: keys held in the end.
    """

    seconds: float
    memory_mb: float
    rows: int
    saved_mb: float
    keys: int


def main(
    *,
    more: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    rows: Annotated[
        list[str] | None, typer.Option("--rows", metavar="NAME…", help="Only these rows.")
    ] = None,
    alone: Annotated[bool, typer.Option("--alone", hidden=True)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure windows over sparse history.

    Exit code 0: measured; 2: could not run.
    """
    names = [*(rows or []), *(more or [])] or list(CASES)
    if unknown := [name for name in names if name not in CASES]:
        raise typer.BadParameter(f"no row {unknown[0]!r}; allowed: {', '.join(CASES)}")
    if alone:
        typer.echo(json.dumps(asdict(measured(CASES[names[0]]))))
        return
    found = {}
    for name in names:
        try:
            found[name] = in_own_process(name)
        except (subprocess.CalledProcessError, ValueError) as error:
            Console(stderr=True).print(f"could not run {name}: {error}", markup=False)
            raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({name: asdict(one) for name, one in found.items()}, indent=1))
    else:
        Console().print(_table(found))


def in_own_process(name: str) -> Outcome:
    """Measure a case in a new process.

    Raises:
        CalledProcessError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.sparse", "--alone", "--rows", name]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Outcome(**json.loads(told.stdout))


def measured(case: Case) -> Outcome:
    """Measure a case in this process."""
    source = Source.model_validate(_SOURCE)
    by = {**case.window, "by": ["card"], "select": case.select}
    plan = declare_window("w", by, source)
    batches = list(_batches(case))
    before, started, rows, saved = peak_mib(), time.perf_counter(), 0, 0
    groups = [WindowGroup([plan], lambda: 0, None) for _ in range(_GROUPS)]
    split = _Splitter([plan], _GROUPS)
    for batch in batches:
        for group, (_, partials) in zip(groups, split([batch]), strict=True):
            rows += sum(record.frame.height for record in group.take([partials]))
    seconds, peak = time.perf_counter() - started, peak_mib()
    saved = sum(_size(group) for group in groups)
    keys = sum(int(group.measure().frame["keys"][0]) for group in groups)
    return Outcome(round(seconds, 2), round(peak - before), rows, round(saved / 1e6, 2), keys)


def _size(group: WindowGroup) -> int:
    return len(pickle.dumps(group.snapshot()))


def _batches(case: Case) -> Iterator[EventBatch]:
    rng = np.random.default_rng(1)
    span = case.days * _DAY_NS
    times = 1_760_000_000_000_000_000 + np.arange(case.events) * (span // case.events)
    cards = rng.integers(case.keys, size=case.events) if case.keys else np.arange(case.events)
    events = pl.DataFrame(
        {
            "card": pl.Series(cards).cast(pl.String),
            "shop": pl.Series(rng.integers(500, size=case.events)).cast(pl.String),
            "amount": rng.lognormal(3, 1, case.events),
            TIME: times.astype(np.int64),
            OFFSET: np.arange(case.events),
        }
    )
    none = events.clear()
    for at in range(0, case.events, case.batch):
        some = events.slice(at, case.batch)
        highest: int = some[TIME].max()  # type: ignore[assignment]  # Int64 without nulls
        progress = Progress("history", 0, 1, highest - 2 * 10**9, PartitionState.ACTIVE, 0)
        yield EventBatch("history", some, none, none, progress, Counts())


def _table(found: dict[str, Outcome]) -> Table:
    table = Table("row", "s", "MiB", "rows", "saved, MB", "keys in the end")
    for name, one in found.items():
        table.add_row(name, *(f"{value:,}" for value in asdict(one).values()))
    return table


if __name__ == "__main__":
    typer.run(main)
