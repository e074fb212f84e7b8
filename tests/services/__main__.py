"""`python -m tests.services get|up`: the servers of the tests, for a person at a terminal."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.services import docker, influxdb, influxdb_package, kafka, kafka_package
from tests.services.errors import ServerUnavailableError

SERVERS: dict[str, tuple[str, str, Callable[[], Path]]] = {
    "Kafka": ("KAFKA_BOOTSTRAP", kafka.IMAGE, kafka_package.get),
    "InfluxDB": ("INFLUXDB_URL", influxdb.IMAGE, influxdb_package.get),
}


def get(*, missing: bool) -> int:
    """Fetch and build the servers into the cache; with `missing` only where no other can be had.

    The exit code is 2 where one could not be had. With `missing` it is 0 all the same: the tests
    that need it say so, and fail in CI.
    """
    code = 0
    for name, (variable, image, make) in SERVERS.items():
        try:
            place = (missing and _elsewhere(variable, image)) or str(make())
        except ServerUnavailableError as error:
            print(f"{name}: none ({error})", file=sys.stderr)
            code = 0 if missing else 2
        else:
            print(f"{name}: {place}", flush=True)
    return code


def _elsewhere(variable: str, image: str) -> str | None:
    if address := os.environ.get(variable):
        return f"{address} ({variable})"
    return f"{image} in Docker" if docker.has(image) else None


def up() -> int:
    """Start both servers, print the environment that names them, stay until told to end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(kafka.running_kafka())
            store = stack.enter_context(influxdb.running_influxdb())
        except ServerUnavailableError as error:
            print(f"{error}; 'make services' gets what is missing", file=sys.stderr)
            return 2
        print(f"export KAFKA_BOOTSTRAP={broker.bootstrap}")
        print(f"export INFLUXDB_URL={store.url}")
        print(f"export INFLUXDB_TOKEN={store.token}")
        print(f"export INFLUXDB_ORG={store.org}")
        print("# Ctrl-C ends both", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            return 0
    return 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    getting = commands.add_parser("get", help="fetch and build them into the cache")
    getting.add_argument("--missing", action="store_true", help="only what is not had otherwise")
    commands.add_parser("up", help="start both and stay until Ctrl-C")
    arguments = parser.parse_args()
    return up() if arguments.command == "up" else get(missing=arguments.missing)


if __name__ == "__main__":
    sys.exit(main())
