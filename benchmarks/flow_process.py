"""The real flow as operating-system processes, the way a deployment runs it."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_S = 1800


@dataclass(frozen=True)
class Shape:
    """How the flow is run.

    Attributes:
        workers: worker threads of each process.
        processes: processes of the cluster.
        batch_size: most messages read from a partition at once.
    """

    workers: int = 1
    processes: int = 1
    batch_size: int = 20_000

    def __str__(self) -> str:
        return f"{self.processes} process(es), {self.workers} worker(s) each, batches of {self.batch_size}"


class FlowFailedError(Exception):
    """A flow ended with another exit code than 0."""


def run_flow(pipeline: Path, shape: Shape, environment: Mapping[str, str]) -> None:
    """Run the flow over all that its topics hold now, until every window is closed.

    Raises:
        FlowFailedError: a process failed; with the end of what it printed.
    """
    command = [sys.executable, "-m", "bytewax.run", f"dataflows.analytics:flow({str(pipeline)!r})"]
    command += ["-w", str(shape.workers)]
    addresses = ";".join(f"127.0.0.1:{port}" for port in _free_ports(shape.processes))
    variables = {
        **os.environ,
        **environment,
        "TIDEGAUGE_BOUNDED": "1",
        "TIDEGAUGE_BATCH_SIZE": str(shape.batch_size),
    }
    started = []
    for number in range(shape.processes):
        place = ["-i", str(number), "-a", addresses] if shape.processes > 1 else []
        started.append(
            subprocess.Popen(
                [*command, *place], env=variables, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
    outputs = [process.communicate(timeout=_TIMEOUT_S)[0] for process in started]
    for process, output in zip(started, outputs, strict=True):
        if process.returncode:
            raise FlowFailedError(f"the flow ended with exit code {process.returncode}:\n{output[-4000:]}")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
