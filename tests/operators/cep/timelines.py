"""Patterns tried on events drawn as a line of letters: one event a second."""

from collections.abc import Iterable

import polars as pl

from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.results import Kind, Result
from tidegauge.batch import TIME
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

SECOND = 1_000_000_000
COLUMNS = {"kind": FieldType.STRING, "amount": FieldType.FLOAT}
CARRY = ["at", "kind", "amount"]


def pattern(match: str, within: int | None = None, after: str = "NO SKIP") -> Pattern:
    """A row pattern whose steps are named by the letter that they take, or one of two (`ab`)."""
    names = {name for name in _words(match) if name not in ("until", "within", "greedy")}
    define = {name: f"kind IN ({', '.join(repr(letter) for letter in name)})" for name in names}
    within_ns = None if within is None else within * SECOND
    return parse_rows("p", match, define, within_ns=within_ns, after_match=after)


def _words(text: str) -> Iterable[str]:
    cleaned = "".join(letter if letter.isalpha() else " " for letter in text)
    return [word for word in cleaned.split() if word != "s"]


def matcher_of(
    made: Pattern, *, timeouts: bool = False, limits: Limits | None = None, in_order: bool = True
) -> Matcher:
    return Matcher(
        [made], COLUMNS, carry=CARRY, timeouts=timeouts, limits=limits, in_order=in_order
    )


def events(line: str, amounts: Iterable[float] | None = None, start: int = 0) -> pl.DataFrame:
    """One event for each letter; nobody looks for a dot, a blank is a pause."""
    found = [(at, letter) for at, letter in enumerate(line, start) if letter != " "]
    values = list(amounts) if amounts is not None else [1.0] * len(found)
    return pl.DataFrame(
        {
            "at": pl.Series([at for at, _ in found], dtype=pl.Int64),
            "kind": pl.Series([letter for _, letter in found], dtype=pl.String),
            "amount": pl.Series(values, dtype=pl.Float64),
            TIME: pl.Series([at * SECOND for at, _ in found], dtype=pl.Int64),
        }
    )


def drawn(results: Iterable[Result], kind: Kind = Kind.MATCH) -> list[str]:
    """Matches as the letters they took, each with its place on the line: `a0 b2`."""
    return [
        " ".join(f"{node.row[1]}{node.row[0]}" for node in result.path)
        for result in results
        if result.kind is kind
    ]


def matches(made: Pattern, line: str, amounts: Iterable[float] | None = None) -> list[str]:
    """What a pattern finds on a line."""
    return drawn(matcher_of(made).process(events(line, amounts)))
