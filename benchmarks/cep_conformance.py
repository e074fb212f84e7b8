"""Whether the pattern matcher finds what it must: cases with known results.

    python -m benchmarks.cep_conformance FILE…

prints `passed N of M` and each case that failed; ends with 1 if one did, with 2 if a file cannot be
read. Without files it reads those in `../shared/cep`, next to the project.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from benchmarks.cep_cases import Case, fields_of_case, pattern_of_case, read_cases
from operators.cep.after_match import SkipError
from operators.cep.matcher import Matcher
from operators.cep.ordering import EventTimeOrder
from operators.cep.results import Kind, Result
from tidegauge.batch import TIME
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.checks import PatternError

DEFAULT_FOLDER = Path(__file__).parents[1] / "../shared/cep"
_NS_PER_MS = 1_000_000
_ARRIVAL = "_arrival"
_TYPES = {str: FieldType.STRING, float: FieldType.FLOAT, int: FieldType.INT, bool: FieldType.BOOL}


@dataclass
class Outcome:
    """What the matcher found in a case."""

    matches: Counter[tuple[str, str]] = field(default_factory=Counter)
    timeouts: set[tuple[str, int]] = field(default_factory=set)
    late: list[Any] = field(default_factory=list)
    idle: bool = True
    error: str | None = None


def main(
    files: Annotated[list[Path] | None, typer.Argument(help="Files with cases.")] = None,
    *,
    sql: Annotated[bool, typer.Option(help="Write the conditions in SQL.")] = False,
    batch: Annotated[int, typer.Option(help="Events in a batch.", min=1)] = 1_000,
) -> None:
    """Run the cases and tell which ones failed."""
    try:
        cases = [case for path in files or default_files() for case in read_cases(path)]
    except UserMistake as mistake:
        print(mistake, file=sys.stderr)
        raise typer.Exit(2) from None
    failed = 0
    for case in cases:
        wrong = check(case, sql=sql, batch=batch)
        if wrong:
            failed += 1
            print(f"{case['id']}: {wrong}")
    print(f"passed {len(cases) - failed} of {len(cases)}")
    if failed:
        raise typer.Exit(1)


def default_files() -> list[Path]:
    """The files that are there without being asked for.

    Raises:
        UserMistake: there are none.
    """
    found = sorted(DEFAULT_FOLDER.glob("*.json"))
    if not found:
        raise UserMistake("no cases in ../shared/cep: name the files to read")
    return found


def check(case: Case, *, sql: bool = False, batch: int = 1_000) -> str | None:
    """What differs from what is expected; None if nothing does."""
    try:
        outcome = run(case, sql=sql, batch=batch)
    except Exception as error:  # noqa: BLE001 - a case that crashes has failed; the others go on
        return f"{type(error).__name__}: {error}"
    expected = case.get("expected_error")
    if outcome.error is not None or expected is not None:
        return None if outcome.error == expected else f"error {outcome.error}, expected {expected}"
    return next(_differences(case, outcome), None)


def run(case: Case, *, sql: bool = False, batch: int = 1_000) -> Outcome:
    """Let the matcher loose on the events of a case."""
    outcome = Outcome()
    try:
        _Run(case, outcome, sql=sql, batch=batch).feed()
    except PatternError:
        outcome.error = "malformed"
    except SkipError:
        outcome.error = "runtime"
    return outcome


class _Run:
    def __init__(self, case: Case, outcome: Outcome, *, sql: bool, batch: int) -> None:
        self._case = case
        self._outcome = outcome
        self._batch = batch
        self._fields = fields_of_case(case)
        self._schema = {name: _dtype(name, case) for name in self._fields}
        self._processed: list[Any] = []
        self._matcher = Matcher(
            [pattern_of_case(case, sql=sql)],
            {name: _TYPES[kind] for name, kind in self._schema.items()},
            by=[case["key_by"]] if "key_by" in case else [],
            carry=self._fields,
            timeouts=True,
        )

    def feed(self) -> None:
        """All events of the case, and what comes after them."""
        case = self._case
        if case.get("mode") == "event_time":
            self._feed_event_time()
        else:
            self._process(self._frame(case["events"]))
        if case.get("final_time") is not None:
            self._advance(case["final_time"])
        self._outcome.idle = self._matcher.idle

    def _feed_event_time(self) -> None:
        case = self._case
        order = EventTimeOrder([case["comparator"]] if "comparator" in case else [])
        by_id = {event["id"]: event for event in case["events"]}
        watermark = None
        for item in case["feed"]:
            if not isinstance(item, Mapping):
                arrived = order.add(self._frame([by_id[item]]))
                self._outcome.late += arrived.late["id"].to_list()
                continue
            if watermark is not None and item["watermark"] <= watermark:
                continue
            watermark = item["watermark"]
            ready = order.advance(watermark * _NS_PER_MS)
            if ready is not None:
                self._process(ready)
            self._advance(watermark)

    def _frame(self, events: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
        columns = {
            name: pl.Series([event.get(name) for event in events], dtype=_TYPES[kind].dtype)
            for name, kind in self._schema.items()
        }
        times = [event["ts"] * _NS_PER_MS for event in events]
        return pl.DataFrame({**columns, TIME: pl.Series(times, dtype=pl.Int64)})

    def _process(self, events: pl.DataFrame) -> None:
        self._processed += events["id"].to_list()
        for part in events.iter_slices(self._batch):
            self._tell(self._matcher.process(part))

    def _advance(self, time_ms: int) -> None:
        self._tell(self._matcher.advance(time_ms * _NS_PER_MS))

    def _tell(self, results: Sequence[Result]) -> None:
        at = self._fields.index("id")
        for result in results:
            rows = result.rows().items()
            found = _text({step: [row[at] for row in taken] for step, taken in rows})
            time_ms = result.time_ns // _NS_PER_MS
            if result.kind is Kind.TIMEOUT:
                self._outcome.timeouts.add((found, time_ms))
            elif result.kind is Kind.MATCH:
                event = None if result.event is None else self._processed[result.event]
                token = f"t{time_ms}" if event is None else f"e{event}"
                self._outcome.matches[found, token] += 1


def _dtype(name: str, case: Case) -> type:
    """The type of a field; a number may be written without its fraction."""
    kinds = {type(event[name]) for event in case["events"] if event.get(name) is not None}
    if kinds <= {int, float}:
        return int if kinds == {int} else float
    return kinds.pop() if len(kinds) == 1 and kinds <= set(_TYPES) else str


def _text(match: Mapping[str, Sequence[Any]]) -> str:
    return json.dumps(match, sort_keys=True)


def _differences(case: Case, outcome: Outcome) -> Iterator[str]:
    matches = [_text(match) for match in case["expected_matches"]]
    if case.get("expected_emit") is None:
        expected: Counter[Any] = Counter(matches)
        found: Counter[Any] = Counter(
            {text: 0 for text, _ in outcome.matches},
        )
        for (text, _), count in outcome.matches.items():
            found[text] += count
    else:
        expected = Counter(zip(matches, case["expected_emit"], strict=True))
        found = outcome.matches
    if found != expected:
        yield f"matches missing {dict(expected - found)}, too many {dict(found - expected)}"
    if case.get("expected_timeouts") is not None:
        times = {(_text(end["match"]), end["ts"]) for end in case["expected_timeouts"]}
        if times != outcome.timeouts:
            missing, extra = times - outcome.timeouts, outcome.timeouts - times
            yield f"timeouts missing {missing or 'none'}, too many {extra or 'none'}"
    if outcome.late != case.get("expected_late", outcome.late):
        yield f"late {outcome.late}, expected {case['expected_late']}"
    if case.get("expected_idle_after") and not outcome.idle:
        yield "runs or matches are left over"


if __name__ == "__main__":
    typer.run(main)
