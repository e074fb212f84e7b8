"""Drawings of when windows close and what they count.

A timeline is read from left to right. Above, the events: `a12` is an event at second 12 in
partition a (`a12k` has the key k), `a-` makes partition a idle, `|` finishes all. Below, a row for
each window, called by its start and its end (`k:0..10` is one of the key k): under an event `+`
where it is counted on time, `c` where it corrects; `=3` where the first result comes, with how many
events it counts, `~4` where the corrected one comes, and `x3` where it is withdrawn because a
correction made it part of another; `<2` where an early result comes. What is not drawn must not
happen.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from operators.windows.plan import plan_window
from tests.operators.windows.harness import Flow, make_source
from tidegauge.batch import PartitionState
from tidegauge.catalogue import SUPERSEDED, event_columns
from tidegauge.spec.models import Source, Window

Results = dict[str, dict[int, list[str]]]
_EVENT = re.compile(r"(\w)(-?[\d.]+)([a-z]?)")
_SECOND = 10**9


@dataclass
class Timeline:
    """A parsed drawing: steps by column, and by window and column what is given."""

    steps: list[tuple[int, str]]
    results: Results = field(default_factory=lambda: defaultdict(dict))


def parse(drawing: str) -> Timeline:
    """What a drawing says.

    Raises:
        AssertionError: it contradicts itself.
    """
    head, *rows = [line for line in drawing.splitlines() if line.strip()]
    timeline = Timeline([(m.start(), m.group()) for m in re.finditer(r"\S+", head)])
    columns = {column for column, _ in timeline.steps}
    for row in rows:
        label, *cells = re.finditer(r"\S+", row)
        events = {"+": 0, "c": 0}
        for cell in cells:
            assert cell.start() in columns, f"{row!r}: {cell.group()} stands under no event"
            given = re.findall(r"[=~x<]\d+", cell.group())
            for mark in events:
                events[mark] += cell.group().count(mark)
            for result in given:
                if result[0] == "<":
                    continue
                count = events["+"] + (events["c"] if result[0] == "~" else 0)
                assert int(result[1:]) == count, f"{row!r}: drawn are {count} events, not {result}"
            if given:
                timeline.results[label.group()][cell.start()] = given
    return timeline


def check(drawing: str, *, bound: int = 0, lateness: int = 0, **window: Any) -> None:
    """A window of this declaration gives what is drawn; bounds in seconds."""
    drawn = parse(drawing)
    source = make_source(bound=bound * 1_000, lateness=lateness * 1_000)
    assert _given(drawn.steps, source, window) == drawn.results


def _given(steps: list[tuple[int, str]], source: Source, window: Mapping[str, Any]) -> Results:
    declared = {"from": "s", "select": {"n": "count(*)"}, **window}
    lateness_ns = source.event_time.lateness
    spec = Window.model_validate(declared)
    plan = plan_window("w", spec, event_columns(source), lateness_ns)
    names = sorted({step[0] for _, step in steps if step != "|"})
    flow = Flow(source, [plan], partitions=len(names))
    results: Results = defaultdict(dict)
    for column, step in steps:
        partition = names.index(step[0]) if step != "|" else 0
        if step == "|":
            made = flow.finish()
        elif event := _EVENT.fullmatch(step):
            made = flow.events(partition, [{"ts": float(event[2]) * 1_000, "k": event[3] or None}])
        else:
            made = flow.quiet(partition, PartitionState.IDLE)
        for record in made:
            for row in record.frame.iter_rows(named=True):
                results[_label(row)].setdefault(column, []).append(f"{_mark(row)}{row['n']}")
    return results


def _label(row: Mapping[str, Any]) -> str:
    start, end = (row[key] / _SECOND for key in ("start_ns", "time_ns"))
    key = f"{row['k']}:" if row.get("k") else ""
    return f"{key}{start:g}..{end:g}"


def _mark(row: Mapping[str, Any]) -> str:
    if row.get("state") == SUPERSEDED:
        return "x"
    return "<" if row["revision"] < 0 else "=~"[row["revision"]]
