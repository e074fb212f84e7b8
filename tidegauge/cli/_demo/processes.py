"""The broker, and the processes that the demo starts and ends."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaException, Producer
from pydantic import SecretStr

from connectors.kafka.client import LOG, short
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

ROOT = Path(__file__).parents[3]
_BROKER_S = 10.0
_END_S = 20.0
_NOT_PASSED_ON = ("BYTEWAX_", "INFLUXDB_", "KAFKA_", "TIDEGAUGE_")


@contextmanager
def mock_broker(topic: str) -> Iterator[tuple[str, int]]:
    """Librdkafka's own broker, in this process, with a topic.

    Yields:
        where it is, as host and port, and the number of partitions of the topic.

    Raises:
        UserMistake: it does not answer.
    """
    config = {"bootstrap.servers": "made by the client", "test.mock.num.brokers": 1}
    owner = Producer({**config, "logger": LOG})
    try:
        metadata = owner.list_topics(topic, timeout=_BROKER_S)
    except KafkaException as error:
        raise UserMistake(f"the mock broker does not answer: {short(error.args[0])}") from None
    (broker,) = metadata.brokers.values()
    yield f"{broker.host}:{broker.port}", len(metadata.topics[topic].partitions)
    owner.poll(0)  # the broker lives as long as its owner


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables for a process; nothing of a real installation reaches it, nor does a `.env` file.

    Args:
        settings: variables to set; other settings get their defaults.
    """
    passed_on = {
        name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)
    }
    defaults = {
        str(field.alias): _text(field.default)
        for field in Settings.model_fields.values()
        if field.default is not None
    }
    return {**passed_on, **defaults, **settings}


def _text(default: object) -> str:
    return default.get_secret_value() if isinstance(default, SecretStr) else str(default)


class Child:
    """A process of ours that runs Python from the checkout, in a session of its own.

    So Ctrl-C reaches the demo alone, which ends its children in order.

    Args:
        name: what to call it in messages.
        arguments: what Python runs.
        variables: its environment.
        log: where its output goes.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], variables: Mapping[str, str], log: Path
    ) -> None:
        self._name = name
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, *arguments],
                env=dict(variables),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def running(self) -> bool:
        """Whether it still runs.

        Raises:
            UserMistake: it ended in failure; with the last line it printed.
        """
        code = self._process.poll()
        if code:
            raise UserMistake(
                f"the {self._name} ended with exit code {code}: {self.last_line()} "
                f"(all it printed is in {self._log})"
            )
        return code is None

    def last_line(self) -> str:
        """The last line it printed."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def go(self) -> None:
        """Send it an empty line, which is what it waits for."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it has ended: `running` tells why
                self._process.stdin.write(b"\n")
                self._process.stdin.close()

    def end(self) -> int:
        """Ask it to end and wait until it has; after 20 s, force it.

        Returns:
            its exit code.
        """
        self._process.terminate()
        try:
            return self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
