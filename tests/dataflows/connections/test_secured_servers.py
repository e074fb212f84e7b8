"""A flow proves who it is, trusts no stranger, gets by with few rights and tells no secret."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType as Pattern
from confluent_kafka.admin._resource import ResourceType  # `admin` exports none of them to mypy

from benchmarks.private_copy import PrivateCopy, private_copy
from connectors.kafka.client import preflight
from tests.dataflows.shop.files import PIPELINE
from tests.dataflows.starting import Start, start
from tests.services.errors import ServerUnavailableError
from tests.services.influxdb import TOKEN
from tests.services.secured import (
    GUEST,
    PASSWORD,
    USER,
    Authority,
    SecuredKafka,
    secured_influxdb,
    secured_kafka,
    tls_settings,
)
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

pytestmark = pytest.mark.services

WRONG = "another-password-that-is-told-nowhere"
OPERATION, KIND = AclOperation, ResourceType


@pytest.fixture(scope="module")
def servers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[SecuredKafka, Authority]]:
    try:
        with secured_kafka(tmp_path_factory.mktemp("authority")) as servers:
            yield servers
    except ServerUnavailableError as error:
        pytest.skip(f"no Kafka: {error}; 'make services' gets it")


@pytest.fixture(scope="module")
def kafka(servers: tuple[SecuredKafka, Authority]) -> SecuredKafka:
    return servers[0]


@pytest.fixture(scope="module")
def authority(servers: tuple[SecuredKafka, Authority]) -> Authority:
    return servers[1]


@pytest.fixture(scope="module")
def url(authority: Authority) -> Iterator[str]:
    try:
        with secured_influxdb(authority) as url:
            yield url
    except ServerUnavailableError as error:
        pytest.skip(f"no InfluxDB: {error}; 'make services' gets it")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, kafka: SecuredKafka) -> Iterator[PrivateCopy]:
    """A pipeline whose topic is there, and holds an event."""
    folder = tmp_path_factory.mktemp("copy")
    file = folder / "shop.yaml"
    file.write_text(PIPELINE.read_text().replace("kafka: {}", "kafka: {delivery: exactly_once}"))
    with private_copy(file, folder, kafka.open, None) as copy:
        text = copy.path.read_text()
        influxdb = "output:\n  influxdb: {bucket: secured, retention: 0s}"
        copy.path.write_text(text.replace("output:", influxdb))
        (source,) = copy.pipeline.sources.values()
        topic = kafka.open.topic(source.kafka.topic, partitions=1)
        producer = kafka.open.producer()
        producer.produce(topic, b'{"ts": 1714561200000, "shop": "s", "amount": 1, "status": "ok"}')
        producer.flush()
        yield copy


@pytest.fixture
def environment(
    kafka: SecuredKafka, authority: Authority, url: str, tmp_path: Path
) -> Mapping[str, str]:
    """Settings of a flow that is let in, with its secrets in files."""
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    return {
        "KAFKA_BOOTSTRAP": kafka.sasl,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_USERNAME": USER,
        "KAFKA_SASL_PASSWORD_FILE": str(password),
        "KAFKA_SSL_CA": str(authority.ca),
        **tls_settings(authority, url),
    }


def allow(kafka: SecuredKafka, copy: PrivateCopy) -> None:
    """What docs/security.md says that a flow needs, and nothing else."""
    pipeline = copy.pipeline
    (source,) = pipeline.sources.values()
    written = [copy.output.topic, copy.output.critical_topic, pipeline.dead_letter_topic]
    own = [pipeline.journal_topic, pipeline.outputs_topic]
    rights = [
        (KIND.TOPIC, source.kafka.topic, (OPERATION.READ,)),
        *((KIND.TOPIC, name, (OPERATION.WRITE, OPERATION.READ)) for name in [*written, *own]),
        *((KIND.TOPIC, name, (OPERATION.CREATE,)) for name in [*written, *own]),
        *((KIND.TOPIC, name, (OPERATION.DESCRIBE_CONFIGS,)) for name in written),
    ]
    prefix = f"tidegauge-{pipeline.pipeline}-"
    bindings = [
        AclBinding(kind, name, Pattern.LITERAL, f"User:{USER}", "*", operation, _ALLOW)
        for kind, name, operations in rights
        for operation in operations
    ]
    prefixed = [
        (KIND.TRANSACTIONAL_ID, prefix, OPERATION.WRITE),
        (KIND.TRANSACTIONAL_ID, prefix, OPERATION.DESCRIBE),
        (KIND.GROUP, "tidegauge-", OPERATION.READ),
    ]
    bindings += [
        AclBinding(kind, name, Pattern.PREFIXED, f"User:{USER}", "*", operation, _ALLOW)
        for kind, name, operation in prefixed
    ]
    admin = kafka.open.admin()
    for made in admin.create_acls(bindings).values():
        made.result(30)


_ALLOW = AclPermissionType.ALLOW


def told(copy: PrivateCopy, environment: Mapping[str, str], **changes: str) -> Start:
    """A start whose messages hold no secret."""
    done = start(copy.path, {**environment, **changes})
    for secret in (PASSWORD, WRONG, TOKEN):
        assert secret not in "\n".join([done.out, *done.lines])
    return done


def test_the_rights_that_are_documented_are_enough(
    copy: PrivateCopy, kafka: SecuredKafka, environment: Mapping[str, str]
) -> None:
    """With SCRAM over TLS, transactions, and InfluxDB over TLS."""
    allow(kafka, copy)
    assert told(copy, environment) == Start(0, "", [])
    assert kafka.open.read(copy.output.topic)


def test_without_rights_the_topic_is_named(
    copy: PrivateCopy, environment: Mapping[str, str], tmp_path: Path
) -> None:
    done = told(
        copy,
        environment,
        KAFKA_SASL_MECHANISM="PLAIN",
        KAFKA_SASL_USERNAME=GUEST,
        TIDEGAUGE_STORE=str(tmp_path / "store"),
    )
    (source,) = copy.pipeline.sources.values()
    assert done.code == 2
    assert all(line.startswith("Kafka topic ") for line in done.lines)
    assert (
        f"Kafka topic {source.kafka.topic!r}: this client may not describe it;"
        " let it describe and read it"
    ) in done.lines


def test_a_wrong_password_is_one_line(
    copy: PrivateCopy, environment: Mapping[str, str], tmp_path: Path
) -> None:
    wrong = {name: value for name, value in environment.items() if not name.endswith("_FILE")}
    store = str(tmp_path / "store")
    done = told(copy, wrong, KAFKA_SASL_PASSWORD=WRONG, TIDEGAUGE_STORE=store)
    assert done.code == 2
    (line,) = done.lines
    assert line.startswith(f"KAFKA_BOOTSTRAP={environment['KAFKA_BOOTSTRAP']}: the broker does not")
    assert "KAFKA_SASL_PASSWORD" in line


def test_servers_of_a_stranger_are_not_trusted(
    copy: PrivateCopy, environment: Mapping[str, str], authority: Authority
) -> None:
    stranger = str(authority.stranger)
    done = told(copy, environment, KAFKA_SSL_CA=stranger, INFLUXDB_CA=stranger)
    assert done.code == 2
    kafka, influxdb = done.lines
    assert "certificate verify failed" in kafka
    assert "correct KAFKA_SSL_CA" in kafka
    assert "its certificate is not trusted" in influxdb
    assert "set INFLUXDB_CA" in influxdb


def test_a_broker_that_asks_for_a_certificate_gets_it(
    kafka: SecuredKafka, authority: Authority
) -> None:
    known = {
        "kafka_bootstrap": kafka.mutual,
        "kafka_security_protocol": "SSL",
        "kafka_ssl_ca": authority.ca,
    }
    own = {"kafka_ssl_certificate": authority.certificate, "kafka_ssl_key": authority.key}
    assert preflight(Settings.model_validate(known | own)).list_topics(timeout=30).brokers
    with pytest.raises(UserMistake, match="no TLS connection") as error:
        preflight(Settings.model_validate(known))
    assert "\n" not in str(error.value)


def test_a_key_that_is_none_is_one_line(kafka: SecuredKafka, authority: Authority) -> None:
    settings = {
        "kafka_bootstrap": kafka.mutual,
        "kafka_security_protocol": "SSL",
        "kafka_ssl_certificate": authority.certificate,
        "kafka_ssl_key": authority.ca,
    }
    with pytest.raises(UserMistake, match="_KEY cannot be used") as error:
        preflight(Settings.model_validate(settings))
    assert "\n" not in str(error.value)
