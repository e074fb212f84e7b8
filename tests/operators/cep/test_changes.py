"""Patterns that become others while a flow runs."""

import json
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.cep.group import Changing, PatternGroup
from operators.cep.replan import changed_step, obstacles
from tests.operators.cep.declared import (
    PIPELINE,
    SECOND,
    Event,
    batches_of,
    slices_of,
    step_of,
    told,
)
from tests.operators.keygroups.engine import pickled
from tidegauge.patterns.changes import PatternChange, patterns_digest
from tidegauge.spec.document import read_document
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.models import Pipeline

OTHER = PIPELINE.replace("'cards' AND amount > 6", "'cards' AND amount > 2")


def pipeline_of(text: str) -> Pipeline:
    return parse_pipeline(text, "shop.yaml", Path(), {})


def change_to(text: str, second: int) -> PatternChange:
    """The patterns of a text, from a second on."""
    declared = read_document(text, {}).value["patterns"]
    return PatternChange(
        json.dumps(declared), patterns_digest(pipeline_of(PIPELINE)), second * SECOND, 1
    )


STEP = step_of()
REPLAN = cache(partial(changed_step, pipeline_of(PIPELINE), STEP))
CHANGE = change_to(OTHER, 10)
EVENTS: list[Event] = [
    (second, "transfers" if second % 7 == 6 else "cards", card, float(amount))
    for second in range(20)
    for card, amount in (("a", second % 10), ("b", (second * 3) % 10))
]


def group_of(snapshot: dict[str, Any] | None = None, *changes: PatternChange) -> PatternGroup:
    return PatternGroup(STEP, lambda: 0, snapshot, Changing(REPLAN, changes))


def found(cuts: frozenset[int], *, known: bool) -> list[tuple[Any, ...]]:
    """Everything told, the state saved at each cut; the change is known before, or comes first."""
    slices = slices_of(STEP, batches_of(EVENTS))
    start = (CHANGE,) if known else ()
    group, records, begin = group_of(None, *start), [], 0
    if not known:
        records += group.take([CHANGE])
    for end in sorted({*cuts, len(slices)}):
        records += group.take(slices[begin:end])
        begin = end
        group = group_of(pickled(group.snapshot()), CHANGE)
    return [row for row in told(records) if row[0] != "at_once"]


@settings(max_examples=5, deadline=None)
@given(st.frozensets(st.integers(1, len(EVENTS)), max_size=8))
def test_a_change_counts_from_its_event_time_on_however_events_are_split(
    cuts: frozenset[int],
) -> None:
    assert found(cuts, known=False) == found(frozenset(), known=True)


def test_patterns_that_a_change_leaves_as_they_are_keep_their_runs() -> None:
    group, plain = group_of(None, CHANGE), group_of()
    slices = slices_of(STEP, batches_of(EVENTS))
    changed, same = told(group.take(slices)), told(plain.take(slices))
    assert [row for row in changed if row[0].startswith("growing")] == [
        row for row in same if row[0].startswith("growing")
    ]
    assert [row for row in changed if row[0] == "unanswered"] != [
        row for row in same if row[0] == "unanswered"
    ]


def test_a_change_for_another_file_does_not_count() -> None:
    elsewhere = PatternChange(CHANGE.patterns, "other", CHANGE.effective_ns, 1)
    assert REPLAN(elsewhere) is None
    assert REPLAN(PatternChange("no JSON", CHANGE.replaced, 0, 1)) is None


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('by: [card]\n    match: "small+', 'match: "small+', "patterns.growing.by"),
        ("times: COUNT", "number: COUNT", "patterns.growing.measures"),
        ("  next_to:", "  beside:", "patterns.beside: the flow's file has no pattern"),
        ("timeouts: true", "timeouts: false", "patterns.growing.timeouts"),
    ],
)
def test_what_is_stored_and_shown_cannot_change(old: str, new: str, what: str) -> None:
    other = pipeline_of(PIPELINE.replace(old, new, 1))
    assert [one for one in obstacles(pipeline_of(PIPELINE), other) if one.startswith(what)]
