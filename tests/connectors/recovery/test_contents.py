"""What `state inspect` tells of a flow that joins sources."""

import json
import pickle
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.source import Position
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held
from connectors.recovery.contents import Contents, _look_at, read_contents
from connectors.recovery.inert import read_inert
from connectors.recovery.store import Snapshot
from dataflows.analytics import build
from dataflows.topology.outputs import Sinks
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tests.connectors.memory.crashing import CrashingSource
from tests.dataflows.heat import BASE_MS
from tests.dataflows.topology.test_joined_sources import PIPELINE, messages
from tests.tidegauge.cli.test_main import run
from tidegauge.batch import Counts
from tidegauge.savedstate import dumps
from tidegauge.spec.loader import parse_pipeline

S_NS = 1_000_000_000


def saved(folder: Path, at: int) -> Path:
    """State of the flow over two sources, which ended before a batch."""
    folder.mkdir()
    init_db_dir(folder, 2)  # type: ignore[no-untyped-call]  # published so
    pipeline = parse_pipeline(PIPELINE, "f.yaml", Path(), {})
    board = ProgressBoard()

    def source(name: str, field: str, *seconds: range) -> CrashingSource:
        plan = plan_intake(name, pipeline.sources[name], JsonColumns)
        held = [
            [Held(one, 2**42) for one in messages(field, [(s, "k", 1) for s in part])]
            for part in seconds
        ]

        def make_intake(number: int, state: IntakeState | None) -> Intake:
            return Intake(plan, number, len(held), board, state or IntakeState())

        return CrashingSource(held, make_intake, 2, at)

    sources = {
        "cards": source("cards", "ts", range(0, 90, 3), range(1, 60, 2)),
        "transfers": source("transfers", "at", range(0, 60, 2)),
    }
    run_main(  # type: ignore[no-untyped-call]  # published so
        build(pipeline, sources, Sinks(store=MemorySink())),
        epoch_interval=timedelta(0),
        recovery_config=RecoveryConfig(str(folder)),  # type: ignore[no-untyped-call]  # as above
    )
    return folder


@pytest.mark.parametrize("at", [6, 12, 18])
def test_the_watermark_of_joined_sources_is_the_least_of_theirs(tmp_path: Path, at: int) -> None:
    found = read_contents(saved(tmp_path / "state", at))
    assert found.problems == []
    highest = {
        (one.step, one.partition): one.highest_event_ns
        for one in found.positions
        if one.highest_event_ns is not None
    }
    assert {step for step, _ in highest} == {"read_cards", "read_transfers"}
    assert len(highest) == 3
    cards, transfers = (
        min(ns for (step, _), ns in highest.items() if step == f"read_{name}") - bound * S_NS
        for name, bound in (("cards", 1), ("transfers", 5))
    )
    told: dict[str, set[int | None]] = {}
    for group in found.groups:
        told.setdefault(group.part, set()).add(group.watermark_ns)
    assert told["window:of_cards"] == {cards}
    assert told["window:of_transfers"] == {transfers}
    assert told["window:of_both"] == {min(cards, transfers)}
    assert min(cards, transfers) > BASE_MS * 1_000_000


def test_they_are_shown_to_a_person_and_to_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = saved(tmp_path / "state", 12)
    code, out, _ = run("state", "inspect", str(folder), "--json", capsys=capsys)
    told = json.loads(out)
    assert code == 0
    assert {one["part"] for one in told["groups"] if one["part"].startswith("window:")} == {
        "window:of_cards",
        "window:of_transfers",
        "window:of_both",
    }
    code, out, _ = run("state", "inspect", str(folder), capsys=capsys)
    assert code == 0
    shown = [line.split() for line in out.splitlines() if " window:of_both " in line]
    held = [one["group"] for one in told["groups"] if one["part"] == "window:of_both"]
    assert [columns[1] for columns in shown] == held
    times = {line.split()[3] for line in out.splitlines() if line.startswith("read_")}
    assert len(times) == 3


def test_the_position_of_a_kafka_partition_is_told_and_of_those_it_has_taken_over() -> None:
    counts = Counts(read=9, on_time=6, corrections=1, filtered=1, dead_lettered=1, late=1)
    new = Position(3, None, topic="id")
    saved = Position(9, IntakeState(5 * S_NS, counts=counts), topic="id", adopted={2: new})
    found = Contents("folder", None, 1, 1, 1)
    data = pickle.dumps(dumps(saved))
    _look_at(Snapshot("flow.read_cards", "cards-0", 1, data), read_inert(data), found)
    first, second = found.positions
    assert (first.step, first.partition, first.offset) == ("read_cards", "cards-0", 9)
    assert (first.version, first.highest_event_ns, first.counts) == (2, 5 * S_NS, asdict(counts))
    assert (second.partition, second.offset, second.counts) == ("cards-2", 3, {})
    assert second.highest_event_ns is None
