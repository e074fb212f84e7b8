"""The first start: every dashboard answers before a flow has run, also those of no flow at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataflows import buckets
from grafana.subject import Subject, subject_of
from tests.grafana.asking import Asking
from tests.grafana.database import QueryRefusedError
from tests.grafana.macros import Choice
from tests.grafana.rendering import RENDERED, dashboards, panels
from tests.grafana.written import AT_MS
from tests.services.influxdb import InfluxDB
from tests.services.names import unique
from tidegauge.spec.loader import load_pipeline

EXAMPLES = Path(__file__).parents[2] / "pipelines"


@pytest.fixture
def folder(tmp_path: Path, influxdb: InfluxDB, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example pipelines, with buckets that are not there yet, and a file with a mistake."""
    for name in RENDERED:
        text = (EXAMPLES / f"{name}.yaml").read_text()
        renamed = text.replace(f"bucket: {name}", f'bucket: "{unique("first start, " + name)}"')
        assert renamed != text
        (tmp_path / f"{name}.yaml").write_text(renamed)
    for kind in ("tests", "tables"):
        (tmp_path / kind).symlink_to(EXAMPLES / kind)
    (tmp_path / "broken.yaml").write_text("version: 1\npipeline: broken\n")
    monkeypatch.setenv("INFLUXDB_URL", influxdb.url)
    monkeypatch.setenv("INFLUXDB_TOKEN", influxdb.token)
    monkeypatch.setenv("INFLUXDB_ORG", influxdb.org)
    return tmp_path


def asked(influxdb: InfluxDB, subjects: list[Subject]) -> Iterator[tuple[str, str]]:
    """Every dashboard and panel that was asked; of the flows', each pipeline."""
    for name, board in dashboards(subjects).items():
        dashboard = Asking(influxdb, board, AT_MS)
        stores = [subject.store for subject in subjects]
        for store in stores if name == "flow" else stores[:1]:
            if name == "flow":
                dashboard.choices = {"pipeline": Choice([store.bucket], [store.pipeline])}
            else:
                dashboard.choose({})
            for panel in panels(board):
                assert all(found == [] for _, found in dashboard.answers(panel)), panel["title"]
                yield name, panel["title"]


def test_every_panel_of_every_dashboard_answers_before_a_flow_has_run(
    influxdb: InfluxDB, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subjects = [subject_of(load_pipeline(folder / f"{name}.yaml")) for name in RENDERED]
    with pytest.raises(QueryRefusedError):
        list(asked(influxdb, subjects))
    buckets.main([str(folder)])
    found = list(asked(influxdb, subjects))
    assert {name for name, _ in found} == {*RENDERED, "web-forecasts", "flow"}
    assert len(found) > 100
    told = capsys.readouterr().err
    assert all(repr(subject.store.bucket) in told for subject in subjects)
    assert "broken.yaml" in told
    # The flow that starts later, or the next start, finds what it would have made.
    buckets.main([str(folder)])


def test_a_folder_without_pipelines_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        buckets.main([str(tmp_path)])
    assert end.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
