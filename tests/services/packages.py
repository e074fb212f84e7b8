"""Commands that fetch and build servers from package registries."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.services.errors import ServerUnavailableError

TRIES = 3


def missing(tools: Iterable[str]) -> list[str]:
    """Those of the tools that are not on the PATH."""
    return [tool for tool in tools if shutil.which(tool) is None]


def require(server: str, tools: Iterable[str]) -> None:
    """Check that the tools that get a server are there.

    Raises:
        ServerUnavailableError: with the names of those that are not.
    """
    if lacking := missing(tools):
        message = f"{server} is made with {', '.join(lacking)}, which is not on the PATH"
        raise ServerUnavailableError(message)


def run(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Run a command that downloads; its output is shown, a failure is tried again.

    Raises:
        ServerUnavailableError: it failed each time.
    """
    for _ in range(TRIES):
        print("  $", " ".join(command), flush=True)
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **(environment or {})}, check=False
        )
        if done.returncode == 0:
            return
    raise ServerUnavailableError(f"failed {TRIES} times: {' '.join(command)}")
