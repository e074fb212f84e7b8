"""What is wrong with InfluxDB is said in a line before the flow starts; what is missing is made."""

import socket
from concurrent.futures import ThreadPoolExecutor
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Thread

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.bucket import Bucket
from influxdb_client.domain.bucket_retention_rules import BucketRetentionRules
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource
from influxdb_client.service.dbr_ps_service import DBRPsService

from connectors.influxdb.retention import kept_ns, shortening
from connectors.influxdb.server import prepare
from tests.connectors.influxdb.servers import TOKEN, settings_of
from tests.services.influxdb import InfluxDB
from tests.services.names import unique
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import InfluxOutput


def output(bucket: str, retention: str = "30d") -> InfluxOutput:
    return InfluxOutput.model_validate({"bucket": bucket, "retention": retention})


def at(url: str, timeout_s: float = 30) -> Settings:
    return Settings.model_validate(
        {"influxdb_url": url, "influxdb_token": TOKEN, "start_timeout_s": timeout_s}
    )


def mistake(settings: Settings, bucket: str = "any") -> str:
    with pytest.raises(UserMistake) as error:
        prepare(settings, output(bucket))
    assert "\n" not in str(error.value)
    assert settings.influxdb_token.get_secret_value() not in str(error.value)
    return str(error.value)


def found(client: InfluxDBClient, name: str) -> Bucket:
    bucket = client.buckets_api().find_bucket_by_name(name)
    assert isinstance(bucket, Bucket)
    return bucket


def kept_s(server: InfluxDB, bucket: str) -> int:
    with server.client() as client:
        rules = found(client, bucket).retention_rules
    return int(rules[0].every_seconds) if rules else 0


def scoped_token(server: InfluxDB, bucket: str, *actions: str) -> str:
    """A token for one bucket alone."""
    with server.client() as client:
        org = client.organizations_api().find_organizations(org=server.org)[0].id
        resource = PermissionResource(type="buckets", id=found(client, bucket).id, org_id=org)
        permissions = [Permission(action, resource) for action in actions]
        made = client.authorizations_api().create_authorization(org, permissions)
    return str(made.token)


def test_the_bucket_is_made_with_its_retention(influxdb: InfluxDB) -> None:
    bucket = unique("bucket")
    prepare(settings_of(influxdb), output(bucket, "7d"))
    assert kept_s(influxdb, bucket) == 7 * 86_400


def test_all_of_it_may_be_there_already(influxdb: InfluxDB) -> None:
    bucket = unique("bucket")
    for _ in range(2):
        assert prepare(settings_of(influxdb), output(bucket)) == []


@pytest.mark.parametrize(("retention", "seconds"), [("1h", 3_600), ("0s", 0), ("400d", 34_560_000)])
def test_another_retention_is_put_right(influxdb: InfluxDB, retention: str, seconds: int) -> None:
    bucket = unique("bucket")
    prepare(settings_of(influxdb), output(bucket, "3d"))
    prepare(settings_of(influxdb), output(bucket, retention))
    assert kept_s(influxdb, bucket) == seconds


def bucket_that_is_there(server: InfluxDB, seconds: int) -> str:
    """A bucket that was made by somebody else."""
    name = unique("bucket")
    with server.client() as client:
        rules = BucketRetentionRules(type="expire", every_seconds=seconds)
        client.buckets_api().create_bucket(bucket_name=name, retention_rules=rules, org=server.org)
    return name


@pytest.mark.parametrize("there", [0, 3_600, 90 * 86_400])
def test_a_bucket_that_is_there_keeps_its_retention_where_the_file_says_none(
    influxdb: InfluxDB, there: int
) -> None:
    bucket = bucket_that_is_there(influxdb, there)
    unsaid = InfluxOutput.model_validate({"bucket": bucket})
    assert shortening(settings_of(influxdb), unsaid) is None
    assert prepare(settings_of(influxdb), unsaid) == []
    assert kept_s(influxdb, bucket) == there
    assert kept_ns(settings_of(influxdb), unsaid) == there * 10**9


@pytest.mark.parametrize(
    ("there", "said", "line"),
    [
        (0, "30d", "output.influxdb.retention 30d: the bucket kept records for ever"),
        (7 * 86_400, "36h", "output.influxdb.retention 36h: the bucket kept records for 7d"),
        (86_400, "7d", None),
        (86_400, "0s", None),
        (86_400, "1d", None),
    ],
)
def test_a_retention_that_is_made_shorter_is_told_before_and_at_the_start(
    influxdb: InfluxDB, there: int, said: str, line: str | None
) -> None:
    bucket = bucket_that_is_there(influxdb, there)
    before = shortening(settings_of(influxdb), output(bucket, said))
    notes = prepare(settings_of(influxdb), output(bucket, said))
    whole = line and f"{line}; InfluxDB deletes what is older, whoever wrote it"
    assert before == whole
    assert notes == ([f"bucket {bucket!r}: {whole}"] if whole else [])
    assert shortening(settings_of(influxdb), output(bucket, said)) is None


def test_influxql_finds_the_bucket_as_a_database(influxdb: InfluxDB) -> None:
    bucket = unique("bucket")
    prepare(settings_of(influxdb), output(bucket))
    with influxdb.client() as client:
        mappings = DBRPsService(client.api_client).get_dbr_ps(org=influxdb.org, db=bucket).content
        assert [mapping.bucket_id for mapping in mappings] == [found(client, bucket).id]
    assert influxdb.influxql(bucket, "SHOW MEASUREMENTS") == []


@pytest.mark.parametrize("count", [2, 4])
def test_processes_that_start_together_make_one_database(influxdb: InfluxDB, count: int) -> None:
    for _ in range(10):
        bucket = unique("bucket")
        together = Barrier(count)

        def start(bucket: str = bucket, together: Barrier = together) -> list[str]:
            together.wait()
            return prepare(settings_of(influxdb), output(bucket))

        with ThreadPoolExecutor(count) as pool:
            started = [pool.submit(start) for _ in range(count)]
        assert [one.result() for one in started] == [[]] * count
        assert influxdb.influxql(bucket, "SHOW MEASUREMENTS") == []


def test_a_database_that_is_there_is_kept(influxdb: InfluxDB) -> None:
    bucket = unique("bucket")
    prepare(settings_of(influxdb), output(bucket))
    with influxdb.client() as client:
        service = DBRPsService(client.api_client)
        (mapping,) = service.get_dbr_ps(org=influxdb.org, db=bucket).content
        assert mapping.virtual is False
    prepare(settings_of(influxdb), output(bucket))
    with influxdb.client() as client:
        service = DBRPsService(client.api_client)
        assert [one.id for one in service.get_dbr_ps(org=influxdb.org, db=bucket).content] == [
            mapping.id
        ]


@pytest.mark.parametrize("actions", [("read", "write"), ("write",)])
def test_a_token_that_may_only_write_into_the_bucket_is_enough(
    influxdb: InfluxDB, actions: tuple[str, ...]
) -> None:
    bucket = influxdb.bucket()
    token = scoped_token(influxdb, bucket, *actions)
    prepare(settings_of(influxdb, influxdb_token=token), output(bucket, "0s"))


def test_a_token_that_may_not_write_is_refused(influxdb: InfluxDB) -> None:
    bucket = influxdb.bucket()
    token = scoped_token(influxdb, bucket, "read")
    said = mistake(settings_of(influxdb, influxdb_token=token), bucket)
    assert said.endswith(f"may not write into bucket '{bucket}'; use one that may")


def test_a_bucket_that_the_token_may_not_make_is_named(influxdb: InfluxDB) -> None:
    token = scoped_token(influxdb, influxdb.bucket(), "read", "write")
    said = mistake(settings_of(influxdb, influxdb_token=token), "missing")
    assert "there is no bucket 'missing', and INFLUXDB_TOKEN may not make it" in said


def test_a_wrong_token_is_told(influxdb: InfluxDB) -> None:
    said = mistake(settings_of(influxdb, influxdb_token=TOKEN))
    assert "InfluxDB does not know INFLUXDB_TOKEN" in said


def test_a_missing_organisation_is_told(influxdb: InfluxDB) -> None:
    said = mistake(settings_of(influxdb, influxdb_org="nobody"))
    assert said.endswith("there is no organisation 'nobody'; correct INFLUXDB_ORG")


def test_nobody_listening_is_told() -> None:
    assert mistake(at("http://127.0.0.1:1")) == (
        "INFLUXDB_URL=http://127.0.0.1:1: no InfluxDB answers (Connection refused); "
        "start it, or correct INFLUXDB_URL"
    )


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = mistake(at(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=1))
    assert "no InfluxDB answers (timed out)" in said


def test_another_kind_of_server_is_told() -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        said = mistake(at(f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
        thread.join()
    assert "what answers there is no InfluxDB (status 404)" in said


@pytest.mark.parametrize("url", ["", "127.0.0.1:8086", "ftp://there", "http://", "http://[::1"])
def test_a_text_that_is_no_address_is_told(url: str) -> None:
    assert mistake(at(url)) == "INFLUXDB_URL is no address: write it as http://host:port"
