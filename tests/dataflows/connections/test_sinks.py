"""The sinks of a pipeline are made as the settings say."""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Thread

import polars as pl
import pytest

from connectors.embedded.sink import StorePart
from dataflows.connections.refusals import Refusals
from dataflows.connections.sinks import store_sink
from tests.tidegauge.spec.test_mistakes import GOOD
from tidegauge.catalogue import catalogue_of
from tidegauge.errors import Retry, UserMistake
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.settings import Settings
from tidegauge.spec.loader import load_pipeline, parse_pipeline


def part(folder: Path, retry_for_s: float) -> StorePart:
    """A part of the embedded store's sink of a pipeline."""
    (folder / "p.yaml").write_text(GOOD)
    settings = Settings.model_validate({"store": folder / "s.db", "retry_for_s": retry_for_s})
    pipeline = load_pipeline(folder / "p.yaml")
    sink = store_sink(pipeline, settings, Refusals(pipeline, settings))
    assert sink is not None
    made = sink.build_part("store", "00", None)
    assert isinstance(made, StorePart)
    return made


def row() -> RecordBatch:
    """A record of the window of that pipeline."""
    signal = catalogue_of(parse_pipeline(GOOD, "f.yaml", Path(), {})).signals["spend"]
    schema = {TIME_NS: pl.Int64} | {one.name: one.type.dtype for one in signal.columns}
    return RecordBatch("spend", pl.DataFrame([dict.fromkeys(schema) | {TIME_NS: 1}], schema))


@pytest.mark.parametrize("retry_for_s", [1, 45, 300])
def test_a_lock_of_sqlite_is_waited_out_for_as_long_as_the_settings_say(
    tmp_path: Path, retry_for_s: float
) -> None:
    connection = part(tmp_path, retry_for_s)._store._connection
    assert connection.execute("PRAGMA busy_timeout").fetchone() == (retry_for_s * 1_000,)


def test_a_lock_that_outlives_it_is_told_with_how_long_it_was_waited_for(tmp_path: Path) -> None:
    written = part(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Retry, match=r"s\.db: other writers kept it locked for 1 s"):
            written.write_batch([row()])


def test_a_lock_at_the_start_is_waited_for_as_long_as_one_while_the_flow_runs(
    tmp_path: Path,
) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UserMistake, match=r"s\.db: other writers kept it locked for 1 s"):
            part(tmp_path, 1)


def test_a_write_goes_on_when_the_lock_is_let_go(tmp_path: Path) -> None:
    written = part(tmp_path, 300)
    with closing(
        sqlite3.connect(tmp_path / "s.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN EXCLUSIVE")
        letting_go = Thread(target=other.execute, args=["COMMIT"])
        letting_go.start()
        written.write_batch([row()])
        letting_go.join()
        assert other.execute("SELECT count(*) FROM spend").fetchone() == (1,)
