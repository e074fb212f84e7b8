"""A real InfluxDB 2 for tests and benchmarks: `with running_influxdb() as influxdb: …`."""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.onboarding_request import OnboardingRequest
from influxdb_client.service.setup_service import SetupService

from tests.services import docker, influxdb_package
from tests.services.errors import ServerUnavailableError
from tests.services.names import unique
from tests.services.process import free_port, wait_until

IMAGE = f"influxdb:{influxdb_package.VERSION}"
ORG = "tidegauge"
TOKEN = "tidegauge-tests-token"  # noqa: S105 - of a server that lives as long as the tests
VARIABLES = ("INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_ORG")


@dataclass(frozen=True)
class InfluxDB:
    """An InfluxDB that is there.

    Attributes:
        url: its address, `http://host:port`.
        token: one that may do everything in `org`.
        org: the organisation the tests use.
    """

    url: str
    token: str = field(repr=False)
    org: str

    def client(self) -> InfluxDBClient:
        """A client of it; close it, or use it in a `with`."""
        return InfluxDBClient(self.url, self.token, org=self.org)

    def bucket(self, name: str | None = None) -> str:
        """Create a bucket that keeps everything and return its name, one of its own by default."""
        name = name or unique("bucket")
        with self.client() as client:
            client.buckets_api().create_bucket(bucket_name=name, org=self.org)
        return name

    def influxql(self, bucket: str, query: str) -> list[dict[str, object]]:
        """The rows of an InfluxQL query: columns and tags by name, `time` as integer ns.

        None for a bucket that is not there yet. An error that passes (two mappings of one database
        while processes start together) is waited for.
        """
        results: list[dict[str, Any]] = []

        def answered() -> bool:
            results[:] = self._results(bucket, query)
            return not _errors(results)

        assert wait_until(answered, seconds=5), _errors(results)
        return [
            {**series.get("tags", {}), **dict(zip(series["columns"], values, strict=True))}
            for result in results
            for series in result.get("series", [])
            for values in series["values"]
        ]

    def _results(self, bucket: str, query: str) -> list[dict[str, Any]]:
        parameters = urllib.parse.urlencode({"db": bucket, "q": query, "epoch": "ns"})
        request = urllib.request.Request(  # noqa: S310 - the address is a server of the tests
            f"{self.url}/query?{parameters}", headers={"Authorization": f"Token {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - as above
            results: list[dict[str, Any]] = json.load(response)["results"]
        return results


def _errors(results: list[dict[str, Any]]) -> list[str]:
    told = [result["error"] for result in results if "error" in result]
    return [error for error in told if not error.startswith("database not found")]


@contextmanager
def running_influxdb() -> Iterator[InfluxDB]:
    """An InfluxDB: that of the environment, else in Docker, else from the cache of packages.

    The environment names one with `INFLUXDB_URL`, `INFLUXDB_TOKEN` and `INFLUXDB_ORG`.

    Raises:
        ServerUnavailableError: none could be had.
    """
    if os.environ.get("INFLUXDB_URL"):
        yield _from_environment()
    elif docker.has(IMAGE):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with docker.container(
            IMAGE, ports={port: 8086}, environment={}, answers=lambda: answers(url)
        ):
            yield set_up(url)
    else:
        with influxdb_package.process(answers) as url:
            yield set_up(url)


def _from_environment() -> InfluxDB:
    if unset := [name for name in VARIABLES if not os.environ.get(name)]:
        raise ServerUnavailableError(f"INFLUXDB_URL is set, so {', '.join(unset)} must be set too")
    url, token, org = (os.environ[name] for name in VARIABLES)
    if not answers(url):
        raise ServerUnavailableError(f"INFLUXDB_URL={url}: no answer")
    return InfluxDB(url=url, token=token, org=org)


def set_up(url: str, ca: str | None = None) -> InfluxDB:
    """Make organisation, bucket and token of a new server, whose certificate `ca` has signed."""
    request = OnboardingRequest(
        username="tests", password=TOKEN, org=ORG, bucket="first", token=TOKEN
    )
    with InfluxDBClient(url, token="", ssl_ca_cert=ca) as client:
        SetupService(client.api_client).post_setup(request)
    return InfluxDB(url=url, token=TOKEN, org=ORG)


def answers(url: str) -> bool:
    """Whether a server is there."""
    with InfluxDBClient(url, token="", timeout=5_000) as client:
        return bool(client.ping())
