"""Events that their source called in time, and that come when all is over: each is told of.

No source of ours brings any; here one does, as a partition would that wakes in another process.
"""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.testing import run_main

from connectors.codecs.json_columns import JsonColumns
from connectors.memory.sink import MemorySink
from dataflows.analytics import build
from dataflows.topology.outputs import Sinks
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.catalogue import DEAD_LETTERS, LEDGER
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.models import Pipeline

BASE_MS = 1_700_000_000_000
PIPELINE = """\
version: 1
pipeline: lost
sources:
  s:
    kafka: {{topic: topic-of-s}}
    event_time: {{field: ts, format: epoch_ms, lateness: 10s, max_future: 3000d}}
    fields: {{k: {{type: string}}}}
  other:
    kafka: {{topic: topic-of-other}}
    event_time: {{field: ts, format: epoch_ms, max_future: 3000d}}
    fields: {{k: {{type: string}}}}
{part}
output: {{kafka: {{}}}}
"""
WINDOWS = {
    "tumbling": "tumbling: {size: 10s}",
    "sliding": "sliding: {size: 20s, every: 10s}",
    "session": "session: {gap: 5s}",
    "count": "count: {size: 2}",
    "cumulative": "cumulative: {size: 60s, every: 10s}",
}
PARTS = {
    name: f"windows: {{w: {{from: s, {shape}, by: [k], select: {{n: count(*)}}}}}}"
    for name, shape in WINDOWS.items()
}
PARTS["joined"] = PARTS["tumbling"].replace("from: s", "from: [other, s]")
PARTS["pattern"] = (
    "patterns: {p: {from: s, by: [k], match: a b, define: {a: k = 'a', b: k = 'a'}, within: 9s}}"
)
LATE_S = (5, 6)
"""Seconds of the events that come when the watermark is at 200."""


class _Told(FixedPartitionedSource[EventBatch, None]):
    """Batches of two partitions, one after the other; no state is ever resumed."""

    def __init__(self, batches: list[EventBatch]) -> None:
        self._batches = batches

    def list_parts(self) -> list[str]:
        return ["all"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "_ToldPart":
        return _ToldPart(list(self._batches))


class _ToldPart(StatefulSourcePartition[EventBatch, None]):
    def __init__(self, batches: list[EventBatch]) -> None:
        self._batches = batches

    def next_batch(self) -> list[EventBatch]:
        if not self._batches:
            raise StopIteration
        return [self._batches.pop(0)]

    def snapshot(self) -> None:
        return None


def batches(pipeline: Pipeline, name: str, *partitions: tuple[int, ...]) -> list[EventBatch]:
    """A batch of each partition; what has passed is in the log of none but the first."""
    plan = plan_intake(name, pipeline.sources[name], JsonColumns)
    made = []
    for number, seconds in enumerate(partitions):
        # With a count of its own: the later ones were not known of when the first was read.
        intake = Intake(plan, number, number + 1, ProgressBoard(), IntakeState())
        events = [{"ts": BASE_MS + second * 1_000, "k": "a"} for second in seconds]
        payloads: list[bytes | None] = [json.dumps(event).encode() for event in events]
        stamps = [BASE_MS + second * 1_000 for second in seconds]
        raw = RawBatch(payloads, range(len(seconds)), stamps)
        made.append(intake.take(raw))
    return made


def records(part: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of the records of a flow with this window or pattern, by signal."""
    pipeline = parse_pipeline(PIPELINE.format(part=part), "f.yaml", Path(), {})
    sources = {
        "s": _Told(batches(pipeline, "s", (1, 200), LATE_S)),
        "other": _Told(batches(pipeline, "other", (1, 200))),
    }
    sink = MemorySink()
    run_main(build(pipeline, sources, Sinks(store=sink)))  # type: ignore[no-untyped-call]  # it has no types
    found: dict[str, list[dict[str, Any]]] = {}
    for batch in sink.records:
        found.setdefault(batch.signal, []).extend(batch.frame.rows(named=True))
    return found


@pytest.mark.parametrize("kind", PARTS)
def test_an_event_that_is_in_no_result_is_a_letter_and_unaccounted_for(kind: str) -> None:
    found = records(PARTS[kind])
    letters = [one for one in found[DEAD_LETTERS] if one["kind"] == "late"]
    about = [json.loads(letter["detail"]) for letter in letters]
    assert sum(one["events"] for one in about) == len(LATE_S)
    assert {(one["topic"], one["partition"]) for one in letters} == {("topic-of-s", 1)}
    assert {one["source"] for one in about} == {"s"}
    assert len({letter["time_ns"] for letter in letters}) == len(letters)
    ledger = pl.DataFrame(found[LEDGER]).unique(["topic", "partition"], keep="last")
    rows = ledger.select("topic", "partition", "read", "on_time", "unaccounted").rows()
    assert sorted(rows) == [
        ("topic-of-other", 0, 2, 2, 0),
        ("topic-of-s", 0, 2, 2, 0),
        ("topic-of-s", 1, 2, 0, 2),
    ]


def test_a_session_that_is_over_takes_no_event_of_a_partition_that_wakes_elsewhere() -> None:
    found = records(PARTS["session"])
    ends = [(row["start_ns"], row["n"]) for row in found.get("w", []) if row["state"] == "final"]
    assert [start for start, _ in ends] == sorted({start for start, _ in ends})
    assert all(start != BASE_MS * 1_000_000 + 5 * 10**9 for start, _ in ends)
    (letter,) = found[DEAD_LETTERS]
    assert json.loads(letter["detail"]) == {
        "window": "w",
        "source": "s",
        "key": {"k": "a"},
        "events": 2,
        "first_event_ns": (BASE_MS + 5_000) * 1_000_000,
        "last_event_ns": (BASE_MS + 6_000) * 1_000_000,
        "offsets": [0, 1],
    }
    assert letter["reason"] == (
        "window w: 2 event(s) came after the last result of every window that they are in"
    )


@pytest.mark.parametrize(("kind", "most"), [("tumbling", 1), ("session", 2), ("cumulative", 3)])
def test_an_event_that_may_still_be_corrected_is_a_correction_and_no_letter(
    kind: str, most: int
) -> None:
    pipeline = parse_pipeline(PIPELINE.format(part=PARTS[kind]), "f.yaml", Path(), {})
    late = batches(pipeline, "s", (1, 22), (19,))
    plan = plan_intake("s", pipeline.sources["s"], JsonColumns)
    ends = [
        Intake(plan, number, 2, ProgressBoard(), IntakeState(high_ns=late[0].progress.watermark_ns))
        for number in (0, 1)
    ]
    finished = [intake.quiet(PartitionState.FINISHED) for intake in ends]
    sink = MemorySink()
    sources = {"s": _Told([*late, *finished]), "other": _Told([])}
    run_main(build(pipeline, sources, Sinks(store=sink)))  # type: ignore[no-untyped-call]  # as above
    assert not any(batch.signal == DEAD_LETTERS for batch in sink.records)
    rows = pl.concat([one.frame for one in sink.records if one.signal == "w"], how="diagonal")
    corrected = rows.filter(pl.col("revision") == 1)
    assert corrected["n"].max() == most
