"""The whole flow on real servers, however it is run: all that it leaves is what the events say."""

import base64
from collections import Counter
from typing import Any

import pandas as pd
import pytest

from benchmarks.flow_process import Shape
from benchmarks.window_rows import Comparison, Row, RowKey, compare, read_expected, rows_of_window
from tests.dataflows.shop.case import Case, Record, Run, make_case, run_case
from tests.dataflows.shop.events import Fate
from tests.dataflows.shop.files import PIPELINE, write_rows
from tests.dataflows.shop.truth import anomalies, critical_alerts
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tidegauge.records import NO_KEY
from tidegauge.spec.loader import load_pipeline

FULL, SMALL = 100_000, 3_000
RUNS: tuple[tuple[int, str, Shape], ...] = (
    (FULL, "InfluxDB", Shape()),
    (FULL, "InfluxDB", Shape(workers=2)),
    (FULL, "InfluxDB", Shape(processes=2)),
    (FULL, "InfluxDB", Shape(batch_size=100)),
    (SMALL, "InfluxDB", Shape(batch_size=1)),
    (FULL, "embedded", Shape()),
    (FULL, "embedded", Shape(processes=2)),
)
"""Messages, store, and how the flow is run; a batch of one message costs some milliseconds."""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Case]:
    """The case of each size."""
    return {count: make_case(count, tmp_path_factory.mktemp("case")) for count in (FULL, SMALL)}


@pytest.fixture(scope="module", params=RUNS, ids=lambda one: f"{one[0]} into {one[1]}, {one[2]}")
def run(
    request: pytest.FixtureRequest,
    cases: dict[int, Case],
    tmp_path_factory: pytest.TempPathFactory,
    kafka: Kafka,
    influxdb: InfluxDB,
) -> Run:
    """One run, and what it left."""
    count, store, shape = request.param
    server = influxdb if store == "InfluxDB" else None
    return run_case(cases[count], tmp_path_factory.mktemp("run"), shape, kafka, server)


def test_every_window_row_is_stored_as_computed(run: Run) -> None:
    assert run.outcome.rows.same, run.outcome.rows.examples
    assert run.outcome.rows.equal == len(run.case.truth.final)


def test_every_window_row_is_sent_as_computed(run: Run) -> None:
    assert run.outcome.sent.same, run.outcome.sent.examples
    assert run.outcome.sent.equal == len(run.case.truth.final)


def test_every_record_is_sent_once(run: Run) -> None:
    truth = run.case.truth
    assert len(run.records("window")) == len(truth.first) + len(truth.corrected)
    sent = Counter((one["id"], one["fields"].get("revision")) for one in run.left.records)
    assert set(sent.values()) == {1}
    assert run.outcome.doubled == 0


def test_first_results_hold_on_time_events_alone(run: Run) -> None:
    found = _compared(run, run.case.truth.first, revision=0)
    assert found.same, found.examples


def test_corrected_results_are_sent_for_the_rows_that_changed_alone(run: Run) -> None:
    found = _compared(run, run.case.truth.corrected, revision=1)
    assert found.same, found.examples


def test_dead_letters_are_exact(run: Run) -> None:
    for letters in (run.left.dead_letters, run.stored["dead_letters"]):
        origins = [(int(one["partition"]), one["offset"], one["kind"]) for one in letters]
        assert sorted(origins) == sorted(run.case.story.dead_letters)


def test_dead_letters_hold_the_message_as_it_was(run: Run) -> None:
    sent: dict[int, list[bytes | None]] = {}
    for one in run.case.story.messages:
        value = None if one.value is None else one.value.encode("utf-8", "surrogateescape")
        sent.setdefault(one.partition, []).append(value)
    for letter in run.left.dead_letters:
        assert _payload(letter) == sent[letter["partition"]][letter["offset"]]
        assert letter["reason"]


def test_only_alerts_above_level_7_are_announced(run: Run) -> None:
    announced = [
        (one["tags"]["shop"], one["fields"]["state"], one["time_ns"] // 1_000_000)
        for one in run.records("alert")
    ]
    expected = critical_alerts(run.case.truth.first)
    assert expected
    assert len(announced) == len(expected)
    assert set(announced) == expected
    assert {one["tags"]["alert"] for one in run.records("alert")} == {"failing"}
    assert {one["alert"] for one in run.stored["alerts"]} == {"failing", "failing_a_little"}


def test_anomalies_are_those_of_each_series(run: Run) -> None:
    expected = anomalies(run.case.truth.first)
    for records in (run.flat("odd_total"), run.stored["anomalies"]):
        found = [
            (_absent(one["shop"]), _number(one["till"]), one["time_ns"] // 1_000_000)
            for one in records
        ]
        assert len(found) == len(expected)
        assert set(found) == expected


def test_every_message_is_counted_once(run: Run) -> None:
    newest: dict[str, Record] = {}
    for one in sorted(run.stored["flow"], key=lambda one: int(one["time_ns"])):
        newest[one["partition"]] = one
    counted = ("processed", "errors", "on_time", "corrections", "filtered")
    sums = {name: sum(one[name] for one in newest.values()) for name in counted}
    story = run.case.story
    assert sums == {
        "processed": len(story.messages),
        "errors": len(story.dead_letters),
        "on_time": story.fates[Fate.ON_TIME],
        "corrections": story.fates[Fate.CORRECTION],
        "filtered": story.fates[Fate.FILTERED],
    }


def _compared(run: Run, expected: pd.DataFrame, revision: int) -> Comparison:
    """Messages of one revision beside the rows expected of it."""
    pipeline = load_pipeline(PIPELINE)
    path = run.case.folder / "revision.csv"
    write_rows(expected, path)
    found: dict[RowKey, Row] = {}
    for window in pipeline.windows:
        wanted = [record for record in run.flat(window) if record["revision"] == revision]
        found |= rows_of_window(window, pipeline, wanted)
    return compare(read_expected(path, pipeline), found)


def _payload(letter: Record) -> bytes | None:
    payload: str | None = letter["payload"]
    if payload is None:
        return None
    return base64.b64decode(payload) if letter["encoding"] == "base64" else payload.encode()


def _absent(tag: Any) -> str | None:
    return None if tag in (None, "", NO_KEY) else str(tag)


def _number(tag: Any) -> int | None:
    return None if tag in (None, "", NO_KEY) else int(tag)
