"""A Kafka that asks who a client is, and an InfluxDB behind TLS; both with an authority of ours."""

import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.services import influxdb_package, kafka_package
from tests.services.influxdb import ORG, TOKEN, set_up
from tests.services.kafka import Kafka, answers
from tests.services.process import free_port, running

USER, GUEST = "flow", "guest"
PASSWORD = "a-password-that-is-told-nowhere"  # noqa: S105 - of a server of the tests
_LISTENERS = {"SASL": "SASL_SSL", "MUTUAL": "SSL"}


@dataclass(frozen=True)
class Authority:
    """Who signed the servers' certificates, and one of a client.

    Attributes:
        ca: its own certificate.
        stranger: the certificate of another authority.
        certificate: that of a client, who is called `client`.
        key: the client's key.
    """

    ca: Path
    stranger: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class SecuredKafka:
    """A broker that lets nobody but this machine's administrator do anything.

    Attributes:
        open: without any proof, by which one may do everything.
        sasl: over TLS, with `PASSWORD`, for `USER` by SCRAM-SHA-512 and `GUEST` by PLAIN.
        mutual: over TLS, for those who have a certificate.
    """

    open: Kafka
    sasl: str
    mutual: str


@contextmanager
def secured_kafka(folder: Path) -> Iterator[tuple[SecuredKafka, Authority]]:
    """A Kafka process of our own.

    Raises:
        ServerUnavailableError: it is not in the cache, or did not start.
    """
    authority, server = _authority(folder)
    ports = {name: free_port() for name in _LISTENERS}
    places = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    login = "org.apache.kafka.common.security"
    properties = {
        "listeners": places,
        "advertised.listeners": places,
        "listener.security.protocol.map": ",".join(map(":".join, _LISTENERS.items())),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.ca),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.sasl.plain.sasl.jaas.config": (
            f'{login}.plain.PlainLoginModule required user_{GUEST}="{PASSWORD}";'
        ),
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": (
            f"{login}.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    with kafka_package.process(answers, properties, ["--add-scram", user]) as bootstrap:
        here = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        yield SecuredKafka(Kafka(bootstrap), here["SASL"], here["MUTUAL"]), authority


@contextmanager
def secured_influxdb(authority: Authority) -> Iterator[str]:
    """The URL of an InfluxDB process of our own, over TLS, with `ORG` and `TOKEN`.

    Raises:
        ServerUnavailableError: it is not in the cache, or did not start.
    """
    server = str(authority.ca.with_name("server.pem"))
    trusted = ssl.create_default_context(cafile=authority.ca)

    def there(url: str) -> bool:
        try:
            with urllib.request.urlopen(f"{url}/ping", context=trusted, timeout=5) as answer:  # noqa: S310 - a server of the tests
                return bool(answer.status == 204)
        except OSError:
            return False

    folder = authority.ca.with_name("influxdb")
    folder.mkdir()
    command, open_url = influxdb_package.prepare(folder)
    command += [f"--tls-cert={server}", f"--tls-key={server}"]
    url = open_url.replace("http:", "https:")
    with running(command, log=folder / "influxd.log", answers=lambda: there(url)):
        set_up(url, str(authority.ca))
        yield url


def tls_settings(authority: Authority, url: str) -> dict[str, str]:
    """Variables that lead a flow to that InfluxDB."""
    known = {"INFLUXDB_URL": url, "INFLUXDB_TOKEN": TOKEN, "INFLUXDB_ORG": ORG}
    return {**known, "INFLUXDB_CA": str(authority.ca)}


def _authority(folder: Path) -> tuple[Authority, Path]:
    ours, others = trustme.CA(), trustme.CA()
    made = Authority(*(folder / name for name in ("ca.pem", "other.pem", "client.pem", "key.pem")))
    ours.cert_pem.write_to_path(str(made.ca))
    others.cert_pem.write_to_path(str(made.stranger))
    server = folder / "server.pem"
    issued = ours.issue_cert("127.0.0.1", "localhost")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    # Kafka reads no other form of a key.
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(one.bytes() for one in issued.cert_chain_pems)
    server.write_bytes(key.private_bytes(*form) + chain)
    client = ours.issue_cert("client.example", common_name="client")
    client.cert_chain_pems[0].write_to_path(str(made.certificate))
    client.private_key_pem.write_to_path(str(made.key))
    return made, server
