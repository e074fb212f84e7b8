"""A token that would cross a network for all to read is warned of."""

import pytest

from connectors.influxdb.client import unencrypted
from tests.tidegauge.cli.test_main import run
from tidegauge.settings import Settings

PIPELINE = """\
version: 1
pipeline: p
sources:
  s:
    kafka: {topic: t}
    event_time: {field: ts, format: epoch_ms}
    fields: {v: {type: float}}
windows:
  w: {from: s, tumbling: {size: 1m}, select: {n: count(*)}}
output:
  influxdb: {bucket: b}
"""


def told(url: str, token: str = "a-token") -> str | None:  # noqa: S107 - of no server
    return unencrypted(Settings.model_validate({"influxdb_url": url, "influxdb_token": token}))


@pytest.mark.parametrize(
    "url",
    [
        "http://db.example:8086",
        "http://10.0.0.7:8086",
        "http://[2001:db8::7]:8086",
        "http://someone:secret@db.example./",
        "HTTP://DB.EXAMPLE",
        "http://127.0.0.1.example",
    ],
)
def test_plain_http_to_another_computer_is_a_line(url: str) -> None:
    line = told(url)
    assert line is not None
    assert line.startswith("INFLUXDB_URL=http://")
    assert line.endswith("use https://, with INFLUXDB_CA where the authority is your own")
    assert "\n" not in line
    assert "secret" not in line
    assert told(url, "") is None


@pytest.mark.parametrize(
    "url",
    [
        "https://db.example:8086",
        "http://127.0.0.1:8086",
        "http://127.9.0.1",
        "http://[::1]:8086",
        "http://localhost:8086",
        "http://db.localhost",
        "http://influxdb:8086",
    ],
)
def test_what_stays_here_or_is_encrypted_is_not(url: str) -> None:
    assert told(url) is None


def test_check_tells_it(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path_factory.mktemp("check")
    monkeypatch.chdir(folder)
    (folder / "p.yaml").write_text(PIPELINE)
    monkeypatch.setenv("INFLUXDB_TOKEN", "a-token")
    for url, warned in (("http://db.example:8086", True), ("http://127.0.0.1:8086", False)):
        monkeypatch.setenv("INFLUXDB_URL", url)
        code, out, _ = run("check", "--no-live", "p.yaml", capsys=capsys)
        line = "warning: INFLUXDB_URL=http://db.example:8086: INFLUXDB_TOKEN and all records cross"
        assert (code, line in out) == (0, warned)
