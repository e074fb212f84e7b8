"""`tidegauge render`."""

from pathlib import Path

import pytest

from tests.tidegauge.cli.test_main import run

ROOT = Path(__file__).parents[3]
MACHINES = ROOT / "pipelines" / "machines.yaml"


def test_the_committed_files_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("render", "--check", capsys=capsys)
    assert (code, err) == (0, "")
    assert out.endswith("provisioning/ is current: 14 files\n")


def test_it_tells_how_soon_each_alert_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run("render", "--check", capsys=capsys)
    assert (
        "machines: overheating (level 9): told at most 18s = out-of-orderness 1s + flow 1s"
        " + evaluation interval 10s + group interval 5s + query and sending 1s, from the end of the"
        " window; not counted, for they are the condition: up to 10s to the end of the window,"
        " for 20s\n"
    ) in out


def test_it_writes_checks_and_finds_what_was_edited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ("--out", str(tmp_path / "files"))
    code, out, _ = run("render", str(MACHINES), *to, "--check", capsys=capsys)
    assert code == 1
    assert "files/alerting/policies.yaml stale\n" in out
    assert not (tmp_path / "files").exists()
    assert run("render", str(MACHINES), *to, capsys=capsys)[0] == 0
    assert run("render", str(MACHINES), *to, "--check", capsys=capsys)[0] == 0

    edited = tmp_path / "files" / "dashboards" / "machines" / "machines.json"
    edited.write_text(edited.read_text(encoding="utf-8").replace("5s", "6s"), encoding="utf-8")
    code, out, _ = run("render", str(MACHINES), *to, "--check", capsys=capsys)
    assert code == 1
    assert "files/dashboards/machines/machines.json stale\n" in out
    assert run("render", str(MACHINES), *to, capsys=capsys)[0] == 0
    assert '"refresh": "5s"' in edited.read_text(encoding="utf-8")


def test_files_of_a_pipeline_that_is_no_more_are_removed_others_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ("--out", str(tmp_path))
    run("render", *to, capsys=capsys)
    mine = tmp_path / "dashboards" / "web" / "mine.json"
    mine.write_text("{}", encoding="utf-8")
    code, out, _ = run("render", str(MACHINES), *to, "--check", capsys=capsys)
    assert code == 1
    assert "alerting/rules-web.yaml is of no pipeline any more\n" in out
    assert run("render", str(MACHINES), *to, capsys=capsys)[0] == 0
    assert not (tmp_path / "alerting" / "rules-web.yaml").exists()
    assert not (tmp_path / "dashboards" / "payments").exists()
    assert [file.name for file in (tmp_path / "dashboards" / "web").iterdir()] == ["mine.json"]


def test_an_alert_told_too_late_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = tmp_path / "slow.yaml"
    text = MACHINES.read_text(encoding="utf-8").replace("orderness: 1s", "orderness: 20s")
    slow.write_text(text.partition("tests:")[0], encoding="utf-8")
    out_folder = tmp_path / "files"
    code, out, err = run("render", str(slow), "--out", str(out_folder), capsys=capsys)
    assert (code, out) == (1, "")
    first, second = err.splitlines()
    line = 1 + text.splitlines().index("    level: 8")
    assert first == (
        f"{slow}:{line}: alerts.knock.level: told up to 37s = out-of-orderness 20s + flow 1s"
        " + evaluation interval 10s + group interval 5s + query and sending 1s after the event;"
        " allowed above level 7: less than 30s; lower"
        " sources.readings.event_time.out_of_orderness or this"
    )
    assert "alerts.overheating.level" in second
    assert not out_folder.exists()


def test_a_pipeline_without_influxdb_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    none = tmp_path / "none.yaml"
    text = MACHINES.read_text(encoding="utf-8").partition("tests:")[0]
    none.write_text(text.replace("  influxdb: {bucket: machines, retention: 90d}\n", ""), "utf-8")
    code, out, err = run("render", str(none), capsys=capsys)
    assert (code, out) == (2, f"{none}: no output.influxdb, so there is nothing for Grafana\n")
    assert err == "no pipeline with output.influxdb: name its file\n"


def test_two_files_with_a_pipeline_of_one_name_are_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = run("render", str(MACHINES), str(MACHINES), capsys=capsys)
    assert (code, err) == (2, f"{MACHINES}: another file has a pipeline called machines\n")


def test_a_folder_that_cannot_be_written_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    code, _, err = run("render", str(MACHINES), "--out", str(file), capsys=capsys)
    assert code == 2
    assert err.endswith("Not a directory; give another folder with --out\n")


def test_a_webhook_is_rendered_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("render", str(MACHINES), "--out", str(tmp_path), "--webhook", capsys=capsys)
    text = (tmp_path / "alerting" / "contact-points.yaml").read_text(encoding="utf-8")
    assert 'url: "$ALERT_WEBHOOK_URL"' in text


def test_rules_of_a_pipeline_that_is_no_more_are_deleted_in_grafana_from_then_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ("--out", str(tmp_path))
    run("render", *to, capsys=capsys)
    deletions = tmp_path / "alerting" / "deletions.yaml"
    assert not deletions.exists()
    code, out, _ = run("render", str(MACHINES), *to, "--check", capsys=capsys)
    assert code == 1
    assert "alerting/deletions.yaml stale\n" in out
    run("render", str(MACHINES), *to, capsys=capsys)
    text = deletions.read_text(encoding="utf-8")
    assert "deleteRules:\n  - uid: tg-payments-card_tested\n    orgId: 1\n" in text
    assert run("render", str(MACHINES), *to, "--check", capsys=capsys)[0] == 0
    run("render", str(MACHINES), *to, capsys=capsys)
    assert deletions.read_text(encoding="utf-8") == text
    run("render", *to, capsys=capsys)
    assert not deletions.exists()


def test_a_bucket_that_forgets_before_alerts_are_known_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.yaml"
    text = MACHINES.read_text(encoding="utf-8").partition("tests:")[0]
    text = text.replace("lateness: 30s", "lateness: 6h").replace("retention: 90d", "retention: 2h")
    short.write_text(text, encoding="utf-8")
    code, out, err = run("render", str(short), "--out", str(tmp_path / "files"), capsys=capsys)
    assert (code, out) == (1, "")
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "retention" in each)
    assert err == (
        f"{short}:{line}: output.influxdb.retention: records of alerts are stored up to 6h31s"
        " = out_of_orderness 1s + idle_after 30s + lateness 6h after their time, so they would be"
        " lost; allowed: more than that; make it longer or lower sources.readings.event_time\n"
    )
