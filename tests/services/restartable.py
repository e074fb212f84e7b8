"""Servers that a test stalls, stops and starts again, with the data they had."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import influxdb, influxdb_package, kafka, kafka_package
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.process import running


@dataclass
class Restartable:
    """A server as a process of ours, with a folder of its own.

    Args:
        command: what runs it.
        log: file for its output.
        answers: whether it is ready.
    """

    command: list[str]
    log: Path
    answers: Callable[[], bool]
    _running: ExitStack = field(default_factory=ExitStack)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            ServerUnavailableError: it does not.
        """
        server = running(self.command, log=self.log, answers=self.answers)
        self._process = self._running.enter_context(server)

    def stop(self) -> None:
        """End it; what it has stored stays."""
        self.go_on()
        self._running.close()
        self._process = None

    def stall(self) -> None:
        """Let it stand still: it takes connections and answers nothing."""
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        self._tell(signal.SIGCONT)

    def _tell(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, number)


@contextmanager
def restartable_kafka() -> Iterator[tuple[Kafka, Restartable]]:
    """A broker of one's own.

    Raises:
        ServerUnavailableError: it is not in the cache, or does not start.
    """
    with _folder("kafka") as folder:
        command, address = kafka_package.prepare(folder)
        server = Restartable(command, folder / "server.log", lambda: kafka.answers(address))
        try:
            server.start()
            yield Kafka(address), server
        finally:
            server.stop()


@contextmanager
def restartable_influxdb() -> Iterator[tuple[InfluxDB, Restartable]]:
    """An InfluxDB of one's own.

    Raises:
        ServerUnavailableError: it is not in the cache, or does not start.
    """
    with _folder("influxdb") as folder:
        command, url = influxdb_package.prepare(folder)
        server = Restartable(command, folder / "influxd.log", lambda: influxdb.answers(url))
        try:
            server.start()
            yield influxdb.set_up(url), server
        finally:
            server.stop()


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    prefix = f"tidegauge-{name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
