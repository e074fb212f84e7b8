"""A server as a Docker container, where there is an engine."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tests.services.errors import ServerUnavailableError
from tests.services.process import wait_until


def has(image: str) -> bool:
    """Whether a Docker engine answers and has the image, or can pull it."""
    if shutil.which("docker") is None:
        return False
    try:
        return _docker("info", seconds=15).returncode == 0 and (
            _docker("image", "inspect", image).returncode == 0
            or _docker("pull", "--quiet", image).returncode == 0
        )
    except subprocess.TimeoutExpired:
        return False


@contextmanager
def container(
    image: str,
    *,
    ports: Mapping[int, int],
    environment: Mapping[str, str],
    answers: Callable[[], bool],
    seconds: float = 90,
) -> Iterator[None]:
    """A container of `image` while it answers; `ports` of 127.0.0.1 lead to its ports.

    Raises:
        ServerUnavailableError: it does not start, or does not answer within `seconds`.
    """
    options = [f"--publish=127.0.0.1:{outer}:{inner}" for outer, inner in ports.items()]
    options += [f"--env={name}={value}" for name, value in environment.items()]
    started = _docker("run", "--rm", "--detach", *options, image)
    if started.returncode != 0:
        raise ServerUnavailableError(f"docker run {image}: {started.stderr.strip()}")
    name = started.stdout.strip()
    try:
        if not wait_until(answers, seconds=seconds):
            logs = _docker("logs", "--tail=30", name)
            message = f"{image}: no answer within {seconds:.0f} s:\n{logs.stdout}{logs.stderr}"
            raise ServerUnavailableError(message)
        yield
    finally:
        _docker("rm", "--force", "--volumes", name)


def _docker(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=seconds
    )
