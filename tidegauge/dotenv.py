"""What a `.env` file may say of a server whose secret it does not hold: nothing.

A `.env` file is read from the working directory, which others may have made. If it could name the
server to which a secret of the environment goes, whoever wrote it would get the secret.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tidegauge.secrets import FILE


class _Server(NamedTuple):
    """Variables about one server: its secret, and what decides who gets to see that."""

    secret: str
    ways: tuple[str, ...]


_SERVERS = (
    _Server("INFLUXDB_TOKEN", ("INFLUXDB_URL", "INFLUXDB_CA")),
    _Server(
        "KAFKA_SASL_PASSWORD",
        ("KAFKA_BOOTSTRAP", "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", "KAFKA_SSL_CA"),
    ),
)


def misled_secrets(
    environment: Mapping[str, str], dotenv: Mapping[str, str], folder: Path
) -> Iterator[str]:
    """A line for each secret that a `.env` file would send elsewhere.

    Args:
        environment: variables of the process.
        dotenv: variables of the file; those of the process go before.
        folder: where the file is.
    """
    for secret, ways in _SERVERS:
        named = [way for way in ways if way in dotenv and way not in environment]
        if named and (place := _elsewhere(secret, environment, dotenv, folder)):
            yield (
                f".env sets {', '.join(named)} and {place}: so a file in the working directory"
                " would say who gets the secret; set them all in the environment, or all in .env"
            )


def _elsewhere(
    secret: str, environment: Mapping[str, str], dotenv: Mapping[str, str], folder: Path
) -> str | None:
    """Where the secret is, if not beside the file or in it."""
    for name in (secret, secret + FILE):
        if environment.get(name):
            return f"{name} is set in the environment"
    if file := dotenv.get(secret + FILE):
        here = folder.resolve()
        if not (here / file).resolve().is_relative_to(here):
            return f"{secret}{FILE} names a file outside of the directory"
    return None
