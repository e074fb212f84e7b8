"""The real flow as operating-system processes, the way a deployment runs it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_TIMEOUT_S = 1800.0
_GRACE_S = 10.0
"""How long the other processes of a cluster may take to end after one has failed."""
_POLL_S = 0.05
_TOLD = 4_000
"""Characters of a failed process's output that are worth telling."""


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
        return (
            f"{self.processes} process(es), {self.workers} worker(s) each,"
            f" batches of {self.batch_size}"
        )


class FlowFailedError(Exception):
    """A flow ended with another exit code than 0, or did not end."""


@dataclass(frozen=True)
class Member:
    """One process of a flow.

    Attributes:
        process: the process.
        log: file with all that it prints.
    """

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.log.read_text(errors="replace")


def run_flow(pipeline: Path, shape: Shape, environment: Mapping[str, str]) -> None:
    """Run the flow over all that its topics hold now, until every window is closed.

    Raises:
        FlowFailedError: a process failed; with the end of what it printed.
    """
    with running_flow(pipeline, shape, {**environment, "TIDEGAUGE_BOUNDED": "1"}) as members:
        wait_for_end(members)


@contextmanager
def running_flow(
    pipeline: Path,
    shape: Shape,
    environment: Mapping[str, str],
    options: Sequence[str] = (),
    launcher: str | None = None,
) -> Iterator[list[Member]]:
    """The processes of a flow; those that still run are killed at the end of the `with`.

    Args:
        pipeline: the pipeline file, absolute.
        shape: how it is run.
        environment: variables on top of those of this process.
        options: further options of `python -m bytewax.run`.
        launcher: module that takes the file and these options, in its place.
    """
    command = [sys.executable, "-m"]
    if launcher is None:
        command += ["bytewax.run", f"dataflows.analytics:flow({str(pipeline)!r})"]
    else:
        command += [launcher, str(pipeline)]
    command += ["-w", str(shape.workers), *options]
    addresses = ";".join(f"127.0.0.1:{port}" for port in free_ports(shape.processes))
    variables = {**os.environ, **environment, "TIDEGAUGE_BATCH_SIZE": str(shape.batch_size)}
    members: list[Member] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for number in range(shape.processes):
                place = ["-i", str(number), "-a", addresses] if shape.processes > 1 else []
                log = Path(folder) / f"{number}.log"
                members.append(Member(_started([*command, *place], variables, log), log))
            yield members
        finally:
            for member in members:
                member.process.kill()
                member.process.wait()


def wait_for_end(members: Sequence[Member], timeout_s: float = _TIMEOUT_S) -> None:
    """Wait until all processes have ended with exit code 0.

    Raises:
        FlowFailedError: one did not; with the end of what it printed.
    """
    deadline = time.monotonic() + timeout_s
    while any(member.process.poll() is None for member in members):
        failed = [member for member in members if member.process.returncode]
        if time.monotonic() > deadline:
            running = next(member for member in members if member.process.returncode is None)
            told = (failed or [running])[0]
            state = f"exit code {told.process.returncode}" if failed else "no end in time"
            raise FlowFailedError(f"the flow failed with {state}:\n{told.output[-_TOLD:]}")
        if failed:
            deadline = min(deadline, time.monotonic() + _GRACE_S)
        time.sleep(_POLL_S)
    for member in members:
        if code := member.process.returncode:
            raise FlowFailedError(
                f"the flow failed with exit code {code}:\n{member.output[-_TOLD:]}"
            )


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nothing listens on, all different."""
    with ExitStack() as held:
        listeners = [
            held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [listener.getsockname()[1] for listener in listeners]


def _started(
    command: Sequence[str], variables: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command, env=variables, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
