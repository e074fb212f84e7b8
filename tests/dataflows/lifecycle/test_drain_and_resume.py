"""A flow that is ended, in whichever way, and started again: no gap, nothing counted twice."""

import json
import math
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.flow_process import Member, Shape
from benchmarks.window_rows import Row, RowKey, compare, read_expected, rows_of_window
from tests.dataflows.interrupted import (
    DEADLINE_S,
    Interrupted,
    ask_to_end,
    closing,
    interrupted,
    kill,
    wait,
)
from tests.dataflows.shop.events import BUSY, Story, tell
from tests.dataflows.shop.files import PIPELINE, write_rows
from tests.dataflows.shop.truth import Truth, truth_of
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.process import wait_until
from tidegauge.spec.loader import load_pipeline

Rows = dict[RowKey, Row]
SMALL_BATCHES = 200
"""So that a kill comes between two batches of the same epoch, too."""


@pytest.fixture(scope="module")
def story() -> Story:
    return tell(9_000, partitions=BUSY)


@pytest.fixture(scope="module")
def truth(story: Story) -> Truth:
    return truth_of(story)


@pytest.fixture(scope="module")
def final(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return _rows(truth.final, tmp_path_factory.mktemp("final"))


@pytest.fixture(scope="module")
def first(truth: Truth, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    return _rows(truth.first, tmp_path_factory.mktemp("first"))


@pytest.fixture
def flow(
    request: pytest.FixtureRequest, tmp_path: Path, kafka: Kafka, influxdb: InfluxDB
) -> Iterator[Interrupted]:
    """A flow that stores where the test says."""
    server = influxdb if request.param == "InfluxDB" else None
    with interrupted(tmp_path, kafka, server) as flow:
        yield flow


def _told(parameter: object) -> str:
    return " then ".join(map(str, parameter)) if isinstance(parameter, tuple) else str(parameter)


@pytest.mark.parametrize(
    ("flow", "shapes"),
    [
        ("InfluxDB", (Shape(), Shape())),
        ("InfluxDB", (Shape(workers=2), Shape(processes=2))),
        ("InfluxDB", (Shape(processes=2), Shape())),
        ("embedded", (Shape(), Shape(processes=2))),
    ],
    indirect=["flow"],
    ids=_told,
)
def test_what_is_asked_to_end_goes_on_where_it_stopped(
    flow: Interrupted, shapes: tuple[Shape, Shape], story: Story, final: Rows, first: Rows
) -> None:
    """With nothing sent twice either, and on any number of workers and processes."""
    third = len(story.messages) // 3
    flow.send(story.messages[:third])
    with flow.running(shapes[0]) as members:
        wait(lambda: bool(flow.rows()), members)
        flow.send(story.messages[third : 2 * third])
        ask_to_end(members)
    flow.send(story.messages[2 * third :])
    with flow.running(shapes[1]) as members:
        flow.send(closing(story))
        flow.wait_for_rows(members, final)
        ask_to_end(members, signal.SIGINT)
    sent = _sent(flow)
    assert len({_identity(one) for one in sent}) == len(sent)
    assert compare(first, _first_results(flow, sent)).same
    assert sorted(_dead_letters(flow)) == sorted(story.dead_letters)


@pytest.mark.parametrize(
    ("flow", "shape"),
    [
        ("InfluxDB", Shape(batch_size=SMALL_BATCHES)),
        ("InfluxDB", Shape(workers=2, batch_size=SMALL_BATCHES)),
        ("InfluxDB", Shape(processes=2, batch_size=SMALL_BATCHES)),
        ("embedded", Shape(processes=2, batch_size=SMALL_BATCHES)),
    ],
    indirect=["flow"],
    ids=str,
)
def test_what_is_killed_leaves_what_it_would_have_left(
    flow: Interrupted, shape: Shape, story: Story, final: Rows, first: Rows
) -> None:
    """What a topic then has twice is the same both times."""
    third = len(story.messages) // 3
    flow.send(story.messages[:third])
    with flow.running(shape) as members:
        wait(lambda: bool(flow.rows()), members)
        kill(members)
    flow.send(story.messages[third : 2 * third])
    before = len(flow.rows())
    with flow.running(shape) as members:
        wait(lambda: len(flow.rows()) > before, members)
        kill(members)
    flow.send(story.messages[2 * third :] + closing(story))
    with flow.running(shape) as members:
        flow.wait_for_rows(members, final)
        ask_to_end(members)
    sent = _sent(flow)
    known: dict[tuple[object, ...], dict[str, Any]] = {}
    for one in sent:
        assert _same(one, known.setdefault(_identity(one), one))
    assert compare(first, _first_results(flow, sent)).same
    assert set(_dead_letters(flow)) == story.dead_letters


@pytest.mark.parametrize("shape", [Shape(), Shape(processes=2)], ids=str)
def test_an_exactly_once_output_has_each_message_once(
    shape: Shape, tmp_path: Path, kafka: Kafka, story: Story, final: Rows, first: Rows
) -> None:
    """Killed again and again; a reader of committed messages sees what one without kills would."""
    shape = replace(shape, batch_size=SMALL_BATCHES)
    with interrupted(tmp_path, kafka, None, delivery="exactly_once") as flow:
        third = len(story.messages) // 3
        for part in range(2):
            flow.send(story.messages[part * third : (part + 1) * third])
            before = len(_sent(flow)) if part else 0
            with flow.running(shape) as members:
                wait(lambda: bool(flow.rows()), members)  # from here on there are topics
                wait(partial(_more_sent, flow, before), members)
                kill(members)
        flow.send(story.messages[2 * third :] + closing(story))
        with flow.running(shape) as members:
            flow.wait_for_rows(members, final)
            ask_to_end(members)
        # The broker writes a commit down after it has answered.
        wait_until(lambda: len(_dead_letters(flow)) >= len(story.dead_letters), seconds=30)
        wait_until(lambda: compare(first, _first_results(flow, _sent(flow))).same, seconds=30)
        sent = _sent(flow)
        assert len({_identity(one) for one in sent}) == len(sent)
        assert compare(first, _first_results(flow, sent)).same
        assert sorted(_dead_letters(flow)) == sorted(story.dead_letters)


def test_the_consumer_group_tells_what_is_saved(tmp_path: Path, kafka: Kafka, story: Story) -> None:
    with interrupted(tmp_path, kafka, None) as flow:
        flow.send(story.messages[:1_000])
        with flow.running(Shape()) as members:
            flow.wait_until_saved(members)
            ask_to_end(members)


def test_a_reset_waits_for_an_agreement_and_the_rest_is_kept(
    tmp_path: Path, kafka: Kafka, story: Story, final: Rows
) -> None:
    half = len(story.messages) // 2
    with interrupted(tmp_path, kafka, None) as flow:
        flow.send(story.messages[:half])
        with flow.running(Shape()) as members:
            flow.wait_until_saved(members)
            ask_to_end(members)
        text = flow.copy.path.read_text()
        flow.copy.path.write_text(text.replace("size: 60s", "size: 50s"))
        with flow.running(Shape()) as members:
            assert _code(members) == 2
            (member,) = members
            assert "Traceback" not in member.output
            line = member.output.splitlines()[-1]
            assert line.startswith("saved state: window 'per_shop' was made for another definition")
            assert "TIDEGAUGE_ACCEPT_RESET=window:per_shop" in line
        flow.send(story.messages[half:] + closing(story))
        others = _without(final, "per_shop")
        with flow.running(Shape(), TIDEGAUGE_ACCEPT_RESET="per_shop") as members:
            wait(lambda: compare(others, _without(flow.rows(), "per_shop")).same, members)
            ask_to_end(members)
        flow.send(closing(story))
        with flow.running(Shape()) as members:
            flow.wait_until_saved(members)
            ask_to_end(members)


def _without(rows: Rows, window: str) -> Rows:
    return {key: row for key, row in rows.items() if key[0] != window}


def test_what_is_read_before_a_lost_position_is_not_skipped(
    tmp_path: Path, kafka: Kafka, story: Story
) -> None:
    """A topic that was made anew ends before the saved position: a line says so."""
    with interrupted(tmp_path, kafka, None) as flow:
        flow.send(story.messages[:1_000])
        with flow.running(Shape()) as members:
            flow.wait_until_saved(members)
            ask_to_end(members)
        kafka.delete_topic(flow.topic)
        kafka.topic(flow.topic, partitions=3)
        with flow.running(Shape()) as members:
            assert _code(members) == 2
            (member,) = members
            assert "Traceback" not in member.output
            assert "was deleted and made anew" in member.output.splitlines()[-1]


def _code(members: list[Member]) -> int:
    (member,) = members
    return member.process.wait(DEADLINE_S)


def _rows(frame: Any, folder: Path) -> Rows:
    write_rows(frame, folder / "rows.csv")
    return read_expected(folder / "rows.csv", load_pipeline(PIPELINE))


def _sent(flow: Interrupted) -> list[dict[str, Any]]:
    output = flow.copy.output
    return [
        json.loads(message.value() or b"")
        for topic in (output.topic, output.critical_topic)
        for message in flow.copy.kafka.read(topic)
    ]


def _more_sent(flow: Interrupted, than: int) -> bool:
    return len(_sent(flow)) > than


def _identity(record: dict[str, Any]) -> tuple[object, ...]:
    return record["id"], record["fields"].get("revision")


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two records differ in what tells of the run and in last digits of sums at most."""
    run = ("processing_time_ns", "latency_ms")
    return one["fields"].keys() == other["fields"].keys() and all(
        math.isclose(value, other["fields"][name], rel_tol=1e-9, abs_tol=1e-9)
        if isinstance(value, float)
        else value == other["fields"][name]
        for name, value in one["fields"].items()
        if name not in run
    )


def _first_results(flow: Interrupted, sent: list[dict[str, Any]]) -> Rows:
    found: Rows = {}
    for window in flow.copy.pipeline.windows:
        records = [
            {"time_ns": one["time_ns"], **one["tags"], **one["fields"]}
            for one in sent
            if one["signal"] == window and one["fields"]["revision"] == 0
        ]
        found |= rows_of_window(window, flow.copy.pipeline, records)
    return found


def _dead_letters(flow: Interrupted) -> list[tuple[int, int, str]]:
    letters = [
        json.loads(message.value() or b"")
        for message in flow.copy.kafka.read(flow.copy.dead_letter_topic)
    ]
    return [(one["partition"], one["offset"], one["kind"]) for one in letters]
