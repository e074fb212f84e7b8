"""The InfluxDB client: made from the settings, checked before any request."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from influxdb_client._sync.rest import RESTClientObject, RESTResponse
from influxdb_client.client.influxdb_client import InfluxDBClient

from tidegauge.errors import UserMistake
from tidegauge.settings import Settings


def open_client(settings: Settings, timeout_s: float) -> InfluxDBClient:
    """A client that waits `timeout_s` for an answer; close it.

    Raises:
        UserMistake: the address or the token cannot be one.
    """
    where = place(settings)
    token = settings.influxdb_token.get_secret_value()
    if not token:
        raise UserMistake(f"{where}: INFLUXDB_TOKEN is not set: set it to a token of this server")
    # The HTTP library would quote the whole token in its complaint.
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UserMistake("INFLUXDB_TOKEN holds spaces, line feeds or characters no token has")
    client = InfluxDBClient(
        settings.influxdb_url,
        token,
        org=settings.influxdb_org,
        timeout=int(timeout_s * 1_000),
        ssl_ca_cert=str(settings.influxdb_ca) if settings.influxdb_ca else None,
    )
    requests = client.api_client
    retries = requests.rest_client.retries
    requests.rest_client = _Requests(requests.configuration, retries=retries)  # type: ignore[no-untyped-call]  # its base has no types
    return client


class _Requests(RESTClientObject):
    """Takes answers in any bytes: whatever stands before InfluxDB need not speak UTF-8.

    The base class cannot read such a body, and then the answer's status is lost, too.
    """

    def request(self, method: str, url: str, **more: Any) -> Any:  # type: ignore[override]  # all by name
        """Make a request; what `ApiException` has as a body are bytes."""
        whole = more.pop("_preload_content", True)
        answer = super().request(method, url, _preload_content=False, **more)  # type: ignore[no-untyped-call]  # as above
        if not whole:
            return answer
        read = RESTResponse(answer)
        read.data = read.data.decode(errors="replace")
        return read


def place(settings: Settings) -> str:
    """The address for messages: `INFLUXDB_URL=http://host:port`, without a user and password.

    Raises:
        UserMistake: it is no address.
    """
    try:
        address = urlsplit(settings.influxdb_url)
        host, port = address.hostname, address.port
    except ValueError:
        host = port = None
    if not host or address.scheme not in {"http", "https"}:
        raise UserMistake("INFLUXDB_URL is no address: write it as http://host:port")
    return f"INFLUXDB_URL={address.scheme}://{host}" + (f":{port}" if port else "")


def unencrypted(settings: Settings) -> str | None:
    """A line about a token that would go over a network for all to read; None where it does not.

    The names of this computer and of the services beside this one, which have no dots, are left
    out.
    """
    address = urlsplit(settings.influxdb_url)
    host = (address.hostname or "").rstrip(".")
    if address.scheme != "http" or not settings.influxdb_token.get_secret_value():
        return None
    try:
        near = ip_address(host).is_loopback
    except ValueError:
        near = "." not in host or host.endswith(".localhost")
    if near:
        return None
    return (
        f"{place(settings)}: INFLUXDB_TOKEN and all records cross the network unencrypted; use"
        " https://, with INFLUXDB_CA where the authority is your own"
    )


def close_for_good(client: InfluxDBClient) -> None:
    """Close a client, so that nothing is left to do when it is collected.

    The client closes itself a second time then; at the end of the interpreter that fails with a
    traceback on stderr.
    """
    requests = client.api_client
    client.close()
    if requests is not None:
        requests.rest_client = None  # type: ignore[assignment]  # its finalizer looks for None
