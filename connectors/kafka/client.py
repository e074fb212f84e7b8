"""What every Kafka client of the project shares: the broker's address, its faults, no noise."""

import logging
import re
import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from connectors.kafka.security import is_refusal, security_config
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

_LOOK_S = 0.5
"""When a start first looks whether the broker has refused it; then each time twice as late."""


class Faults:
    """Error callback of a client: keeps what librdkafka has reported.

    Give it to `client_config`. librdkafka calls it within `poll`, `flush` and `consume`.

    Attributes:
        fatal: the fault after which the client can do nothing more, if there was one.
        refused: the fault that says that one of the two sides does not accept the other.
    """

    def __init__(self) -> None:
        self._last: KafkaError | None = None
        self.fatal: KafkaError | None = None
        self.refused: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Keep a fault."""
        if error.fatal():
            self.fatal = error
        if is_refusal(error):
            self.refused = error
        if self._last is None or error.code() not in _SUMMARIES:
            self._last = error

    def reason(self, otherwise: str) -> str:
        """The last fault in a few words, or `otherwise` when there was none."""
        return short(self._last) if self._last is not None else otherwise


def short(error: KafkaError) -> str:
    """A fault without librdkafka's decoration: `Connect to … failed: Connection refused`."""
    return _SUFFIX.sub("", _PREFIX.sub("", " ".join(error.str().split())))


_REBOOTSTRAP_MS = 1_000
"""How long no known broker answers before the client begins again with those of `KAFKA_BOOTSTRAP`
(KIP-1102); five minutes by default."""


def client_config(settings: Settings, faults: Faults) -> dict[str, Any]:
    """Configuration that a consumer, producer or admin client of ours begins with."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "client.id": "tidegauge",
        "metadata.recovery.rebootstrap.trigger.ms": _REBOOTSTRAP_MS,
        "error_cb": faults,
        "logger": LOG,
        **security_config(settings),
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
    try:
        # A topic that is missing must be said to be missing, not made because someone asked for it.
        admin = AdminClient({**client_config(settings, faults), "allow.auto.create.topics": False})
    except KafkaException as error:
        raise UserMistake(
            f"KAFKA_SSL_CA, _CERTIFICATE or _KEY cannot be used: {short(error.args[0])}"
        ) from None
    deadline = time.monotonic() + settings.start_timeout_s
    patience_s = _LOOK_S
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            admin.list_topics(timeout=min(patience_s, left_s))
        except KafkaException as error:
            admin.poll(0)
            if faults.refused is not None:
                raise UserMistake(_refusal(settings, where, faults.refused)) from None
            reason = faults.reason(short(error.args[0]))
            patience_s *= 2
        else:
            return admin
    raise UserMistake(
        f"{where}: no Kafka broker answered within {settings.start_timeout_s:g} s "
        f"({reason}); start it, or set KAFKA_BOOTSTRAP=host:port"
    )


def _refusal(settings: Settings, where: str, fault: KafkaError) -> str:
    protocol = settings.kafka_security_protocol
    if fault.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001 - as above
        return (
            f"{where}: the broker does not accept this client ({short(fault)}); correct"
            " KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD or KAFKA_SASL_MECHANISM"
        )
    return (
        f"{where}: no TLS connection with KAFKA_SECURITY_PROTOCOL={protocol} ({short(fault)});"
        " correct KAFKA_SSL_CA, KAFKA_SSL_CERTIFICATE or KAFKA_SECURITY_PROTOCOL"
    )
