"""Kafka from Maven Central, run as one process that is broker and controller."""

import base64
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.services import cache, packages
from tests.services.errors import ServerUnavailableError
from tests.services.process import free_port, running

VERSION = "4.3.1"  # as in kafka_build/pom.xml
NAME = f"kafka-{VERSION}"
TOOLS = ("java", "mvn")
_LISTS = ("listeners", "advertised.listeners", "listener.security.protocol.map")
POM = Path(__file__).with_name("kafka_build") / "pom.xml"


def get() -> Path:
    """The folder with Kafka's jars, fetched if they are not there (a few seconds).

    Raises:
        ServerUnavailableError: it could not be fetched.
    """
    if (there := cache.cached(NAME)) is not None:
        return there
    packages.require("Kafka", TOOLS)
    goal = ["dependency:copy-dependencies", "-Dmaven.wagon.http.retryHandler.count=5"]

    def make(folder: Path) -> None:
        command = ["mvn", "-q", "-B", "-f", str(POM), *goal, f"-DoutputDirectory={folder}"]
        packages.run(command, folder=folder)

    return cache.get(NAME, make)


def settings(*, port: int, controller_port: int, host: str = "127.0.0.1") -> dict[str, str]:
    """The properties of a broker that listens on `host:port` and is reached at 127.0.0.1."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "auto.create.topics.enable": "false",  # a test names what it uses
        "group.initial.rebalance.delay.ms": "0",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
    }


def prepare(
    folder: Path,
    properties: Mapping[str, str] = MappingProxyType({}),
    format_options: Sequence[str] = (),
) -> tuple[list[str], str]:
    """Storage and settings of a broker in a folder: the command that runs it, and its address.

    Args:
        folder: an empty folder.
        properties: more properties, or other values. `listeners` and those that go with it get
            listeners added to those that are there anyway.
        format_options: more options of the tool that formats its storage.

    Raises:
        ServerUnavailableError: it is not in the cache.
    """
    packages.require("Kafka", ["java"])
    classpath = f"{cache.need(NAME)}/*"
    port = free_port()
    known = settings(port=port, controller_port=free_port())
    known["log.dirs"] = str(folder / "data")
    for key, value in properties.items():
        known[key] = f"{known[key]},{value}" if key in _LISTS else value
    file = folder / "server.properties"
    file.write_text("".join(f"{key}={value}\n" for key, value in known.items()))
    _format(classpath, file, format_options)
    command = ["java", "-Xmx1g", "-cp", classpath, "kafka.Kafka", str(file)]
    return command, f"127.0.0.1:{port}"


@contextmanager
def process(
    answers: Callable[[str], bool],
    properties: Mapping[str, str] = MappingProxyType({}),
    format_options: Sequence[str] = (),
) -> Iterator[str]:
    """The address of a Kafka process; `answers(address)` tells when it is ready.

    The other arguments are those of `prepare`.

    Raises:
        ServerUnavailableError: it is not in the cache, or did not start.
    """
    with tempfile.TemporaryDirectory(prefix="tidegauge-kafka-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        command, address = prepare(folder, properties, format_options)
        with running(command, log=folder / "server.log", answers=lambda: answers(address)):
            yield address


def _format(classpath: str, file: Path, options: Sequence[str]) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ["java", "-Xmx256m", "-cp", classpath, "kafka.tools.StorageTool"]
    done = subprocess.run(
        [*tool, "format", "-t", cluster, "-c", str(file), *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0:
        raise ServerUnavailableError(f"Kafka's storage: {done.stdout}{done.stderr}")
