"""How many events a second the pattern matcher reads in one worker, in memory.

    python -m benchmarks.cep --json

prints an entry for each row: name, measured, goal, met. Ends with 1 when a goal is missed. The rate
is of processor time, of all threads: what one worker does when it has a core for itself. Events
carry strings and numbers; their key and times are as in a stream of 1,000 events a second.
"""

import gc
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # one worker is one core; read at import

import numpy as np
import polars as pl
import psutil
import typer

from operators.cep.builder import pattern_of
from operators.cep.matcher import Matcher
from tidegauge.batch import TIME
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.pattern import Pattern

KEYS = 1_000
BATCH = 10_000
"""Events in a batch."""
STEP_NS = 1_000_000
"""Time between two events of the stream."""
COLUMNS = {"card": FieldType.STRING, "kind": FieldType.STRING, "amount": FieldType.FLOAT}
RATE_FEW = 250_000
RATE_HALF = 120_000
MAX_FACTOR = 10.0
MAX_GROWTH_MB = 50.0
KINDS = 20
"""Kinds of events for each step of the hundred patterns."""
SHARING = 5
"""Patterns that look for the same kind of event."""
WARM_UP = 20
"""Batches before the memory is measured first: the window is full then."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, and whether it met its goal."""

    name: str
    measured: float
    goal: float
    met: bool
    unit: str


def main(
    events: Annotated[int, typer.Option(help="Events in all, for each row.")] = 1_000_000,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure, and tell what met its goal."""
    rows = measure(events)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        for row in rows:
            sign = "met" if row.met else "MISSED"
            print(f"{row.name}: {row.measured:,.1f} {row.unit} (goal {row.goal:,.0f}) {sign}")
    if not all(row.met for row in rows):
        raise typer.Exit(1)


def measure(events: int) -> list[Row]:
    """All rows."""
    few, growth_mb = rate([three_steps()], events, 0.1)
    half, more_mb = rate([three_steps()], events, 0.5)
    growth_mb = max(growth_mb, more_mb)
    many, _ = rate(hundred(), events // 4, 0.1, kinds=KINDS)
    return [
        Row("one event in ten matters", few, RATE_FEW, few >= RATE_FEW, "events/s"),
        Row("one event in two matters", half, RATE_HALF, half >= RATE_HALF, "events/s"),
        Row("cost of 100 patterns", few / many, MAX_FACTOR, few / many <= MAX_FACTOR, "x of one"),
        Row("memory grown", growth_mb, MAX_GROWTH_MB, growth_mb <= MAX_GROWTH_MB, "MB"),
    ]


def three_steps(login: int = 0, small: int = 0, large: int = 0) -> Pattern:
    """A step, a loop and a step within ten seconds, not necessarily side by side."""
    return (
        pattern_of(f"card_testing_{login}_{small}_{large}")
        .begin("login", f"kind = 'login{login}'")
        .followed_by("small", f"kind = 'small{small}' AND amount < 50")
        .one_or_more()
        .followed_by("large", f"kind = 'large{large}'")
        .within(timedelta(seconds=10))
        .build()
    )


def hundred() -> list[Pattern]:
    """Patterns over twenty kinds of each step: an event that matters, matters to five of them."""
    return [
        three_steps(kind, (kind + turn) % KINDS, (kind + 2 * turn) % KINDS)
        for kind in range(KINDS)
        for turn in range(SHARING)
    ]


def rate(
    patterns: Sequence[Pattern], events: int, share: float, kinds: int = 1
) -> tuple[float, float]:
    """Events per second of processor time, and by how many MB the process grew."""
    matcher = Matcher(patterns, COLUMNS, by=["card"], carry=["kind", "amount"])
    process = psutil.Process()
    spent, grown_from, found = 0.0, 0, 0
    for number, batch in enumerate(batches(events, share, kinds)):
        if number == min(WARM_UP, events // BATCH // 2):
            gc.collect()
            grown_from = process.memory_info().rss
        last_ns = int(batch[TIME][-1])
        started = time.process_time()
        found += len(matcher.process(batch))
        found += len(matcher.advance(last_ns))
        spent += time.process_time() - started
    gc.collect()
    grown = process.memory_info().rss - grown_from
    assert found, "no match: nothing was measured"
    return events / spent, grown / 1e6


def batches(events: int, share: float, kinds: int) -> Iterator[pl.DataFrame]:
    """Events of which `share` satisfy a predicate, drawn anew for each batch."""
    random = np.random.default_rng(1)
    cards = pl.Series([f"card-{number:04}" for number in range(KEYS)])
    names = [f"{name}{kind}" for kind in range(kinds) for name in ("login", "small", "large")]
    kind_names = pl.Series([*names, "other"])
    for first in range(0, events, BATCH):
        count = min(BATCH, events - first)
        kind = np.where(
            random.random(count) < share, random.integers(0, len(names), count), len(names)
        )
        yield pl.DataFrame(
            {
                "card": cards[random.integers(0, KEYS, count)],
                "kind": kind_names[kind],
                "amount": random.random(count) * 50,
                TIME: (first + np.arange(count)) * STEP_NS,
            }
        )


if __name__ == "__main__":
    typer.run(main)
