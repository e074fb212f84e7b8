"""What every Kafka client of the project shares: the broker's address, its faults, no noise."""

import logging
import re
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

LOG = logging.getLogger("tidegauge.kafka")
"""Receives librdkafka's own log lines; silent until someone gives it a handler.

The lines repeat several times a second while a broker is away. What matters in them comes as
faults (`Faults`) and ends in one message of ours.
"""
LOG.addHandler(logging.NullHandler())
LOG.propagate = False

_PREFIX = re.compile(r"^\S+: (?=[A-Z])")
_SUFFIX = re.compile(r" \(after \d+ms in state \w+.*\)$")
_SUMMARIES = frozenset({KafkaError._ALL_BROKERS_DOWN})  # noqa: SLF001 - the library's public name


class Faults:
    """Error callback of a client: keeps what librdkafka has reported.

    Give it to `client_config`. librdkafka calls it within `poll`, `flush` and `consume`.

    Attributes:
        fatal: the fault after which the client can do nothing more, if there was one.
    """

    def __init__(self) -> None:
        self._last: KafkaError | None = None
        self.fatal: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Keep a fault."""
        if error.fatal():
            self.fatal = error
        if self._last is None or error.code() not in _SUMMARIES:
            self._last = error

    def reason(self, otherwise: str) -> str:
        """The last fault in a few words, or `otherwise` when there was none."""
        return short(self._last) if self._last is not None else otherwise


def short(error: KafkaError) -> str:
    """A fault without librdkafka's decoration: `Connect to … failed: Connection refused`."""
    return _SUFFIX.sub("", _PREFIX.sub("", " ".join(error.str().split())))


def client_config(settings: Settings, faults: Faults) -> dict[str, Any]:
    """Configuration that a consumer, producer or admin client of ours begins with."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "client.id": "tidegauge",
        "error_cb": faults,
        "logger": LOG,
    }


def preflight(settings: Settings) -> AdminClient:
    """An admin client of a broker that has answered.

    Raises:
        UserMistake: none answered within `settings.start_timeout_s`.
    """
    where = f"KAFKA_BOOTSTRAP={settings.kafka_bootstrap}"
    if not settings.kafka_bootstrap.strip():
        raise UserMistake("KAFKA_BOOTSTRAP is empty: set it to the broker's host:port")
    faults = Faults()
    # A topic that is missing must be said to be missing, not made because someone asked for it.
    admin = AdminClient({**client_config(settings, faults), "allow.auto.create.topics": False})
    try:
        admin.list_topics(timeout=settings.start_timeout_s)
    except KafkaException as error:
        admin.poll(0)
        raise UserMistake(
            f"{where}: no Kafka broker answered within {settings.start_timeout_s:g} s "
            f"({faults.reason(short(error.args[0]))}); start it, or set KAFKA_BOOTSTRAP=host:port"
        ) from None
    return admin
