"""`tidegauge live` as a process of its own, on a store that tests write."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import ClientConnection, connect

from connectors.embedded.store import Store
from connectors.live.limits import Limits
from connectors.live.messages import SERVER_MESSAGE
from tests.connectors.live.records import CATALOGUE, FILE, ROOT

TIMEOUT_S = 120.0
LOG = "live.log"
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Live:
    """A running server.

    Attributes:
        url: of its page.
        store: what it reads.
        path: the store's file.
        process: the server.
    """

    url: str
    store: Store
    path: Path
    process: psutil.Process

    @property
    def log(self) -> str:
        """What it has written to its standard error."""
        return (self.path.parent / LOG).read_text()

    @property
    def feed(self) -> str:
        """Address of the feed."""
        return f"{self.url.replace('http', 'ws', 1)}feed"

    def connect(self, **more: Any) -> ClientConnection:
        """A client."""
        client: ClientConnection = connect(self.feed, max_size=None, open_timeout=TIMEOUT_S, **more)
        return client


@contextmanager
def served(
    store: Path,
    log: Path,
    file: Path = FILE,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] = NOTHING,
    limits: Limits | None = None,
) -> Iterator[tuple[str, int]]:
    """A server of a store, which need not be there yet: its address and process id.

    With `limits` it is not the command but `tests.connectors.live.limited`.
    """
    if limits is None:
        command = [sys.executable, "-m", "tidegauge.cli", "live", str(file), *options]
        command += ["--store", str(store), "--port", "0", "--no-open"]
    else:
        told = json.dumps(asdict(limits))
        command = [sys.executable, "-m", "tests.connectors.live.limited", str(store), told]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, log.read_text()
        yield line.split(": ", 1)[1].split(" ", 1)[0], process.pid
    finally:
        process.terminate()
        process.wait(TIMEOUT_S)


@contextmanager
def live(
    folder: Path,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] = NOTHING,
    limits: Limits | None = None,
) -> Iterator[Live]:
    """A server of a new store; it ends with the block."""
    path = folder / "store.db"
    with (
        closing(Store(path, CATALOGUE)) as store,
        served(path, folder / LOG, options=options, environment=environment, limits=limits) as (
            url,
            pid,
        ),
    ):
        yield Live(url, store, path, psutil.Process(pid))


def message(client: ClientConnection) -> dict[str, Any]:
    """The next message, which must fit the schema."""
    text = client.recv(TIMEOUT_S)
    SERVER_MESSAGE.validate_json(text)
    decoded: dict[str, Any] = json.loads(text)
    return decoded


def until_series(client: ClientConnection, machine: str, time_ns: int) -> dict[str, Any]:
    """The first message that has this point of a machine."""
    while True:
        told = message(client)
        for series in told.get("series", []):
            if series["keys"] == {"machine": machine} and time_ns / 1e6 in series["time_ms"]:
                return told
