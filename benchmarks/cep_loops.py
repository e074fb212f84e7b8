"""What a long loop over one key costs the pattern matcher, by kind of pattern.

    python -m benchmarks.cep_loops --events 10000

prints a line for each pattern, without a window and with one of half the loop: seconds of processor
time, peak memory by tracemalloc (in a second reading, for it takes time), size
of a snapshot in the middle, matches, and runs given up. A restart from the snapshot must tell the
same, or it ends with 1.
"""

import pickle
import random
import time
import tracemalloc
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import polars as pl
import typer

from operators.cep.matcher import Matcher
from operators.cep.results import Kind, Result
from tidegauge.batch import TIME
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.row_pattern import parse_rows

COLUMNS = {"kind": FieldType.STRING, "amount": FieldType.FLOAT}
SECOND = 1_000_000_000
BATCH = 500
PAST = "SKIP PAST LAST ROW"
RISING = "COALESCE(amount > LAST(a.amount), TRUE)"
SUM = "COALESCE(SUM(a.amount), 0) < 1e9"
AVERAGE = "amount < 3 * COALESCE(AVG(a.amount), amount)"


class Case(NamedTuple):
    """A pattern: its condition on `a`, on `z`, and what else is said of it."""

    match: str = "a+[->] -> z"
    a: str = "TRUE"
    z: str = "TRUE"
    after: str = PAST
    timeouts: bool = False


CASES: Mapping[str, Case] = {
    "plain": Case(),
    "plain, timeouts": Case(timeouts=True),
    "plain, next to each other": Case("a+ z"),
    "plain, SKIP TO LAST a": Case(after="SKIP TO LAST a"),
    "plain, SKIP TO FIRST z": Case(after="SKIP TO FIRST z"),
    "rising": Case(a=RISING),
    "rising, timeouts": Case(a=RISING, timeouts=True),
    "rising, SKIP TO LAST a": Case(a=RISING, after="SKIP TO LAST a"),
    "sum": Case(a=SUM),
    "sum, timeouts": Case(a=SUM, timeouts=True),
    "sum, next to each other": Case("a+ z", a=SUM),
    "sum, SKIP TO LAST a": Case(a=SUM, after="SKIP TO LAST a"),
    "average": Case(a=AVERAGE),
    "average at the end": Case(z="amount > AVG(a.amount)"),
    "average at the end, timeouts": Case(z="amount > AVG(a.amount)", timeouts=True),
    "average at the end, SKIP TO LAST a": Case(z="amount > AVG(a.amount)", after="SKIP TO LAST a"),
}


def main(
    events: Annotated[int, typer.Option(help="Events of the loop.")] = 10_000,
) -> None:
    """Measure every pattern."""
    differ = False
    for within in (None, events // 2):
        print(f"within: {'not set' if within is None else f'{within:,} events'}")
        for name, case in CASES.items():
            frame = loop(events)
            matcher = matcher_of(case, within)
            started = time.process_time()
            results = read(matcher, frame)
            seconds = time.process_time() - started
            tracemalloc.start()
            read(matcher_of(case, within), frame)
            peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            size, again = resumed(case, within, frame)
            differ |= told(again) != told(results)
            matches = sum(result.kind is Kind.MATCH for result in results)
            dropped = sum(result.runs for result in results if result.kind is Kind.DROPPED)
            print(
                f"  {name}: {seconds:.2f} s, {peak_mb:.0f} MB, snapshot {size / 1e6:.2f} MB, "
                f"{matches} match(es), {dropped:,} given up"
            )
    if differ:
        print("a restart tells something else")
        raise typer.Exit(1)


def loop(events: int) -> pl.DataFrame:
    """Events of a loop, one a second, and the one that ends it."""
    amounts = random.Random(1)
    return pl.DataFrame(
        {
            "kind": ["a"] * events + ["z"],
            "amount": [*(0.5 + amounts.random() for _ in range(events)), 9.0],
            TIME: [at * SECOND for at in range(events + 1)],
        }
    )


def matcher_of(case: Case, within: int | None) -> Matcher:
    """A matcher of one pattern."""
    pattern = parse_rows(
        "p",
        case.match,
        {"a": f"kind = 'a' AND {case.a}", "z": f"kind = 'z' AND {case.z}"},
        within_ns=None if within is None else within * SECOND,
        after_match=case.after,
    )
    return Matcher([pattern], COLUMNS, carry=["amount"], timeouts=case.timeouts)


def read(matcher: Matcher, frame: pl.DataFrame) -> list[Result]:
    """Results of the events, batch by batch."""
    return [result for part in frame.iter_slices(BATCH) for result in matcher.process(part)]


def resumed(case: Case, within: int | None, frame: pl.DataFrame) -> tuple[int, list[Result]]:
    """Size of a snapshot in the middle, and the results with a restart from it."""
    matcher, middle = matcher_of(case, within), frame.height // 2
    results = read(matcher, frame[:middle])
    saved = pickle.dumps(matcher.snapshot())
    matcher = matcher_of(case, within)
    matcher.restore(pickle.loads(saved))  # noqa: S301 - our own
    return len(saved), results + read(matcher, frame[middle:])


def told(results: list[Result]) -> list[tuple[str, tuple[int, ...], int]]:
    """Results as plain values."""
    return [(str(one.kind), tuple(node.seq for node in one.path), one.time_ns) for one in results]


if __name__ == "__main__":
    typer.run(main)
