"""How late the live feed is, with many clients.

    python -m benchmarks.live --clients 200 --rate 10 --json

A server on one core (`tidegauge live`), its clients in another process, and a store that gets a
record of every series `--rate` times a second. A record carries the wall clock from just before it
was written, so a client knows its delay. The exit code is 1 when the 99th percentile or the growth
of the server's memory misses its goal.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import orjson
import polars as pl
import psutil
import typer
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect

from connectors.embedded.store import Store
from tidegauge.catalogue import Catalogue, catalogue_of
from tidegauge.records import RecordBatch
from tidegauge.spec.loader import load_pipeline

FILE = Path(__file__).with_suffix(".yaml")
ROOT = Path(__file__).parents[1]
SERIES = 10
GOALS = {"p99_ms": 250.0, "growth_mib": 16.0}
_WARM_UP = 0.25
_MIB = 2**20


@contextmanager
def server(store: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The server, pinned to one core; the address of its feed."""
    command = [sys.executable, "-m", "tidegauge.cli", "live", str(FILE)]
    command += ["--store", str(store), "--port", "0", "--no-open"]
    command += ["--connections-per-client", "1000"]  # all clients have one address
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "POLARS_MAX_THREADS": "1"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split(": ", 1)[1].split(" ", 1)[0]
        known = psutil.Process(process.pid)
        _pin(known, 0)
        yield f"{url.replace('http', 'ws', 1)}feed", known
    finally:
        process.terminate()
        process.wait()


def _pin(process: psutil.Process, core: int) -> None:
    for thread in process.threads():
        os.sched_setaffinity(thread.id, {core})
    process.cpu_affinity([core])


def batch(catalogue: Catalogue, number: int) -> RecordBatch:
    """A record of each series, that says when it was made."""
    rows = {
        "time_ns": [(number + 1) * 10**9] * SERIES,
        "name": [f"beat-{each}" for each in range(SERIES)],
        "revision": [0] * SERIES,
        "written_ms": [time.time_ns() / 1e6] * SERIES,
    }
    declared = catalogue["beats"].columns
    frame = pl.DataFrame(rows).with_columns(
        pl.lit(None, each.type.dtype).alias(each.name) for each in declared if each.name not in rows
    )
    return RecordBatch("beats", frame)


async def client(address: str, delays: list[tuple[float, float]], seen: asyncio.Event) -> None:
    """Note the delay of every point until it came and until it was sent, until cancelled."""
    async with connect(address, max_size=None, compression=None) as socket:
        await socket.recv()
        seen.set()
        async for text in socket:
            now_ms = time.time_ns() / 1e6
            told = orjson.loads(text)
            for series in told.get("series", [])[:1]:
                delays += [
                    (now_ms - written_ms, told["sent_ms"] - written_ms)
                    for written_ms in series["fields"]["written_ms"]
                ]


async def measure(
    address: str, process: psutil.Process, write: Callable[[int], None], **load: int
) -> dict[str, Any]:
    """Connect the clients, write, and tell what came of it."""
    delays: list[list[tuple[float, float]]] = [[] for _ in range(load["clients"])]
    ready = [asyncio.Event() for _ in delays]
    tasks = [
        asyncio.create_task(client(address, each, seen))
        for each, seen in zip(delays, ready, strict=True)
    ]
    await asyncio.gather(*(seen.wait() for seen in ready))
    writes = load["seconds"] * load["rate"]
    memory: list[float] = []
    before = process.cpu_times()
    start = time.monotonic()
    for number in range(writes):
        await asyncio.sleep(max(0.0, start + number / load["rate"] - time.monotonic()))
        write(number)
        memory.append(process.memory_info().rss / _MIB)
    await asyncio.sleep(1.0)
    elapsed = time.monotonic() - start
    after = process.cpu_times()
    failed = [task for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not failed, "a client was disconnected"
    warm = memory[int(_WARM_UP * len(memory)) :]
    flat, sent = np.array([pair for each in delays for pair in each]).T
    received = [len(each) for each in delays]
    return {
        "clients": load["clients"],
        "rate": load["rate"],
        "seconds": load["seconds"],
        "points_per_client": {"written": writes, "least": min(received), "most": max(received)},
        "p50_ms": round(float(np.percentile(flat, 50)), 1),
        "p99_ms": round(float(np.percentile(flat, 99)), 1),
        "most_ms": round(float(flat.max()), 1),
        "p99_until_sent_ms": round(float(np.percentile(sent, 99)), 1),
        "load_average": round(os.getloadavg()[0], 1),
        "server_cpu": round((sum(after[:2]) - sum(before[:2])) / elapsed, 3),
        "memory_mib": round(warm[-1], 1),
        "growth_mib": round(warm[-1] - warm[0], 1),
        "goals": GOALS,
    }


def main(
    clients: Annotated[int, typer.Option(min=1, max=300)] = 200,
    rate: Annotated[int, typer.Option(min=1, max=10, help="Updates a second.")] = 10,
    seconds: Annotated[int, typer.Option(min=4)] = 20,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Measure the delay of the live feed from the store's write to the client's receipt."""
    catalogue = catalogue_of(load_pipeline(FILE))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        store = Store(path, catalogue)
        with server(path) as (address, process):
            _pin(psutil.Process(), 1 % (psutil.cpu_count() or 1))
            load = {"clients": clients, "rate": rate, "seconds": seconds}

            def write(number: int) -> None:
                store.write([batch(catalogue, number)])

            result = asyncio.run(measure(address, process, write, **load))
        store.close()
    missed = [name for name, goal in GOALS.items() if result[name] > goal]
    complete = result["points_per_client"]["least"] == seconds * rate
    result["passed"] = not missed and complete
    if as_json:
        print(json.dumps(result))
    else:
        table = Table("figure", "value")
        for name, value in result.items():
            table.add_row(name, str(value))
        Console().print(table)
    raise typer.Exit(0 if result["passed"] else 1)


if __name__ == "__main__":
    typer.run(main)
