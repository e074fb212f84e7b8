"""Tokens with the least rights: made once, and known to who may read their files only."""

import stat
from pathlib import Path

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from connectors.influxdb.server import prepare
from dataflows.tokens import FLOW, GRAFANA, main, make_tokens
from tests.connectors.influxdb.servers import settings_of
from tests.services.influxdb import InfluxDB
from tidegauge.errors import UserMistake
from tidegauge.spec.models import InfluxOutput

POINT = "m value=1 1790000000000000000"


def client(server: InfluxDB, file: Path) -> InfluxDBClient:
    return InfluxDBClient(server.url, file.read_text(), org=server.org)


def writes(server: InfluxDB, file: Path, bucket: str) -> bool:
    with client(server, file) as one:
        try:
            one.write_api(SYNCHRONOUS).write(bucket, record=POINT)
        except ApiException:
            return False
    return True


def reads(server: InfluxDB, file: Path, bucket: str) -> bool:
    seen = InfluxDB(server.url, file.read_text(), server.org)
    try:
        return [row["value"] for row in seen.influxql(bucket, "SELECT value FROM m")] == [1]
    except OSError:
        return False


def test_the_flow_writes_and_grafana_reads_and_neither_does_more(
    influxdb: InfluxDB, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow, grafana = tmp_path / "flow", tmp_path / "grafana"
    bucket = influxdb.bucket()
    make_tokens(settings_of(influxdb), flow, grafana)
    prepare(settings_of(influxdb, influxdb_token=flow.read_text()), InfluxOutput(bucket=bucket))
    assert (writes(influxdb, flow, bucket), writes(influxdb, grafana, bucket)) == (True, False)
    assert (reads(influxdb, flow, bucket), reads(influxdb, grafana, bucket)) == (False, True)
    for file in (flow, grafana):
        with client(influxdb, file) as one, pytest.raises(ApiException):
            one.authorizations_api().create_authorization("0000000000000001", [])
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (flow, grafana)]
    assert modes == [0o600, 0o640]
    told = "".join(capsys.readouterr())
    assert f"{FLOW}: a token was made that can write" in told
    assert not [file for file in (flow, grafana) if file.read_text() in told]


def test_a_token_that_is_known_stays_and_one_that_is_not_is_made_anew(
    influxdb: InfluxDB, tmp_path: Path
) -> None:
    flow, grafana = tmp_path / "flow", tmp_path / "grafana"
    settings = settings_of(influxdb)
    make_tokens(settings, flow, grafana)
    before = flow.read_text(), grafana.read_text()
    make_tokens(settings, flow, grafana)
    assert (flow.read_text(), grafana.read_text()) == before
    flow.write_text("of-another-server")
    make_tokens(settings, flow, grafana)
    with influxdb.client() as one:
        found = one.authorizations_api().find_authorizations()
    made = sorted(each.description for each in found if each.description in {FLOW, GRAFANA})
    assert made == [FLOW, GRAFANA]
    bucket = influxdb.bucket()
    assert writes(influxdb, flow, bucket)
    assert reads(influxdb, grafana, bucket)
    flow.write_text(before[0])
    assert not writes(influxdb, flow, bucket)


def test_what_cannot_be_done_is_a_line(
    influxdb: InfluxDB,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(UserMistake, match=r"there is no organisation 'none'|not found"):
        make_tokens(settings_of(influxdb, influxdb_org="none"), tmp_path / "a", tmp_path / "b")
    with pytest.raises(UserMistake, match="No such file"):
        make_tokens(settings_of(influxdb), tmp_path / "none" / "a", tmp_path / "b")
    monkeypatch.setenv("INFLUXDB_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("INFLUXDB_TOKEN", "a-token")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "a"), str(tmp_path / "b")])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("INFLUXDB_URL=http://127.0.0.1:1: ")
