"""InfluxDB built from its Go module, run as one process."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import cache, packages
from tests.services.process import free_port, running

VERSION = "2.9.1"  # as in influxdb_build/go.mod
NAME = f"influxdb-{VERSION}"
TOOLS = ("go", "gcc", "pkg-config", "cargo", "rustc")
MODULE = Path(__file__).with_name("influxdb_build")


def get() -> Path:
    """The folder with `influxd`, built if it is not there (5 to 7 minutes on two cores).

    Raises:
        ServerUnavailableError: it could not be built.
    """
    if (there := cache.cached(NAME)) is not None:
        return there
    packages.require("InfluxDB", TOOLS)
    print("Building InfluxDB takes 5 to 7 minutes, once.", flush=True)
    return cache.get(NAME, _make)


def _make(folder: Path) -> None:
    environment = {
        "RUSTUP_TOOLCHAIN": "stable",  # its query engine pins one that would have to be fetched
        "CARGO_NET_RETRY": "5",
        "GOBIN": str(folder),
        "PKG_CONFIG": str(folder / "pkg-config"),  # the wrapper that builds the query engine
    }
    wrapper = ["go", "install", "github.com/influxdata/pkg-config"]
    server = [
        "go",
        "build",
        "-tags=sqlite_foreign_keys,sqlite_json",
        f"-ldflags=-s -w -X main.version=v{VERSION}",
        f"-o={folder / 'influxd'}",
        "github.com/influxdata/influxdb/v2/cmd/influxd",
    ]
    packages.run(wrapper, folder=MODULE, environment=environment)
    packages.run(server, folder=MODULE, environment=environment)


def prepare(folder: Path, *arguments: str, scheme: str = "http") -> tuple[list[str], str]:
    """The command of a server that keeps its data in a folder, and its URL.

    Args:
        folder: an empty folder.
        arguments: more arguments of the program.
        scheme: what its URL begins with.

    Raises:
        ServerUnavailableError: it is not in the cache.
    """
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(cache.need(NAME) / "influxd"),
        f"--http-bind-address={address}",
        f"--bolt-path={folder}/influxd.bolt",
        f"--sqlite-path={folder}/influxd.sqlite",
        f"--engine-path={folder}/engine",
        "--reporting-disabled",
        *arguments,
    ]
    return command, f"{scheme}://{address}"


@contextmanager
def process(answers: Callable[[str], bool], *arguments: str, scheme: str = "http") -> Iterator[str]:
    """The URL of an InfluxDB process; `answers(url)` tells when it is ready.

    The other arguments are those of `prepare`.

    Raises:
        ServerUnavailableError: it is not in the cache, or did not start.
    """
    prefix = "tidegauge-influxdb-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        command, url = prepare(folder, *arguments, scheme=scheme)
        with running(command, log=folder / "influxd.log", answers=lambda: answers(url)):
            yield url
