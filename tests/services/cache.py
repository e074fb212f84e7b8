"""Where servers that were fetched or built are kept: outside the checkout, made atomically."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.services.errors import ServerUnavailableError


def root() -> Path:
    """The folder of all cached servers (`$XDG_CACHE_HOME`, else `~/.cache`)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tidegauge" / "services"


def cached(name: str) -> Path | None:
    """The folder of the server `name` (`<name>-<version>`), if it is there."""
    folder = root() / name
    return folder if folder.is_dir() else None


def need(name: str) -> Path:
    """The folder of the server `name`.

    Raises:
        ServerUnavailableError: it is not there.
    """
    folder = cached(name)
    if folder is None:
        raise ServerUnavailableError(f"{name} is not in {root()}")
    return folder


def get(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of the server `name`, made by `make(folder)` if it is not there yet.

    It is made in a temporary folder beside its place and renamed when it is whole. Processes that
    want the same one wait for the first.
    """
    root().mkdir(parents=True, exist_ok=True)
    with (root() / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (there := cached(name)) is not None:
            return there
        unfinished = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root()))
        try:
            make(unfinished)
            unfinished.chmod(0o755)
            return unfinished.rename(root() / name)
        except BaseException:
            shutil.rmtree(unfinished)
            raise
