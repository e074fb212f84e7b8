"""Every kind of window through the whole flow: any workers and batches give what the rules say."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.codecs.json_columns import JsonColumns
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from dataflows.analytics import build
from dataflows.checks.selftest import observe
from dataflows.topology.outputs import Sinks
from operators.intake.intake import partition_intake
from operators.intake.plan import plan_intake
from tests.operators.keygroups.engine import run
from tests.operators.windows.conformance.flow import (
    BOUND,
    FEW,
    LATENESS,
    Step,
    assert_given,
    judged,
    log,
    records,
)
from tests.operators.windows.conformance.kinds import KINDS, SUPERSEDED
from tests.operators.windows.harness import FAR_MS, FIELDS
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.models import Pipeline

PARTITIONS = 3
LOG: list[Step] = [step for step in log(21, 70) if step[1] != "idle"]
JUDGE = judged(LOG, PARTITIONS)
LONG = 3
NAMES = {f"w{number}": kind for number, kind in enumerate(KINDS)}
SESSIONS = next(name for name, kind in NAMES.items() if "session" in kind.declared)


def pipeline() -> Pipeline:
    """A file with a window of each kind, an alert over sessions, and some that never fire."""
    select = dict(FEW)
    event_time = {
        "field": "ts",
        "format": "epoch_ms",
        "out_of_orderness": f"{BOUND}ms",
        "lateness": f"{LATENESS}ms",
    }
    declared = {
        "version": 1,
        "pipeline": "kinds",
        "sources": {
            "s": {
                "kafka": {"topic": "t"},
                "event_time": event_time,
                "fields": {name: {"type": kind} for name, kind in FIELDS.items()},
            }
        },
        "windows": {
            name: {"from": "s", "by": ["k"], "select": select, **kind.declared}
            for name, kind in NAMES.items()
        },
        "alerts": {
            "long": {"when": f"{SESSIONS}.n >= {LONG}"},
            # An alert that holds for some time is judged at each step; these never fire.
            **{
                f"never_{name}": {"when": f"{name}.n > 1000", "for": "5ms"}
                for name, kind in NAMES.items()
                if kind.every_step
            },
        },
    }
    return parse_pipeline(json.dumps(declared), "kinds.yaml", Path(), {})


def run_flow(workers: int, batch_size: int) -> MemorySink:
    """The records of the whole flow."""
    parsed = pipeline()
    messages: list[list[Held]] = [[] for _ in range(PARTITIONS)]
    for number, events in LOG:
        messages[number] += [Held(json.dumps(event).encode(), FAR_MS) for event in events]
    plan = plan_intake("s", parsed.sources["s"], JsonColumns)
    source = MemorySource(messages, partition_intake(plan, PARTITIONS), batch_size)
    sink = MemorySink()
    run(build(parsed, {"s": source}, Sinks(store=sink)), workers)
    return sink


def firing(sink: MemorySink) -> set[tuple[Any, int]]:
    """Key and time of the records of a firing alert."""
    return {
        (row["k"], row["time_ns"])
        for record in sink.records
        if record.signal == "alerts"
        for row in record.frame.iter_rows(named=True)
        if row["state"] == "firing"
    }


@pytest.mark.parametrize(("workers", "batch_size"), [(1, 1_000), (2, 17)])
def test_the_records_are_those_of_the_reference(workers: int, batch_size: int) -> None:
    sink = run_flow(workers, batch_size)
    for name, kind in NAMES.items():
        assert_given(records(sink.records, ["k"], name), kind.expected(JUDGE, ["k"]))
    dead = sum(len(record) for record in sink.records if record.signal == "dead_letters")
    assert dead == JUDGE.dead
    # An alert knows first results alone: neither corrected nor superseded sessions.
    sessions = NAMES[SESSIONS].expected(JUDGE, ["k"])
    assert firing(sink) == {
        (key[0], end)
        for (key, _, end, revision, _), events in sessions.items()
        if revision == 0 and len(events) >= LONG
    }


def test_the_tests_of_a_file_count_the_rows_that_are_left() -> None:
    events = [
        event for number, some in LOG if number == 0 and not isinstance(some, str) for event in some
    ]
    messages = [Held(json.dumps(event).encode(), FAR_MS) for event in events]
    judge = judged([(0, events)], 1)
    found = observe(pipeline(), messages).windows
    for name, kind in NAMES.items():
        given = kind.expected(judge, ["k"])
        withdrawn = {place[:3] for place in given if place[-1] == SUPERSEDED}
        # Of a key and time there is one row in the store.
        left = {(key, end) for key, start, end, *_ in given if (key, start, end) not in withdrawn}
        assert found[name] == len(left), kind.name
    assert any(place[-1] == SUPERSEDED for place in NAMES[SESSIONS].expected(judge, ["k"]))
