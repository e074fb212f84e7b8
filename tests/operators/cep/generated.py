"""Random patterns and events, with the meaning of every condition in Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from hypothesis import strategies as st

from operators.cep.results import Kind, Result
from tests.operators.cep.reference import Event, Meaning, ReferenceMatcher, Taken
from tidegauge.batch import TIME
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.checks import PatternError, check_pattern
from tidegauge.patterns.condition import ALWAYS, Condition, Sql
from tidegauge.patterns.pattern import (
    Absence,
    Contiguity,
    Group,
    Item,
    Pattern,
    Quantifier,
    Skip,
    SkipTo,
    Step,
    step_names,
)

COLUMNS = {"name": FieldType.STRING, "price": FieldType.INT, "key": FieldType.INT}
CARRY = ["number", "name", "price"]


@dataclass(frozen=True)
class Letters:
    """The event's name is one of some letters."""

    letters: str

    def __call__(self, event: Event, taken: Taken) -> bool:
        return event["name"] in self.letters


@dataclass(frozen=True)
class OfRun:
    """The event's name is one of some letters, and what was taken for a step says so, too."""

    letters: str
    step: str
    kind: str

    def __call__(self, event: Event, taken: Taken) -> bool:
        prices = [one["price"] for one in taken.get(self.step, [])]
        match self.kind:
            case "last":
                held = bool(prices) and event["price"] > prices[-1]
            case "first":
                held = bool(prices) and event["price"] == prices[0]
            case "sum":
                held = sum(prices) + event["price"] < 6
            case "avg":
                held = not prices or event["price"] >= sum(prices) / len(prices)
            case _:
                held = len(prices) < 2
        return held and event["name"] in self.letters


_TEXTS = {
    "last": "price > LAST({0}.price)",
    "first": "price = FIRST({0}.price)",
    "sum": "COALESCE(SUM({0}.price), 0) + price < 6",
    "avg": "(AVG({0}.price) IS NULL OR price >= AVG({0}.price))",
    "count": "COUNT({0}) < 2",
}
letters = st.sets(st.sampled_from("abc"), min_size=1, max_size=2).map(
    lambda chosen: "".join(sorted(chosen))
)
contiguities = st.sampled_from(Contiguity)


@st.composite
def quantifiers(draw: st.DrawFn) -> Quantifier:
    least = draw(st.integers(1, 2))
    most = draw(st.sampled_from([None, least, least + 1]))
    inner = draw(contiguities)
    greedy = draw(st.booleans()) and inner is not Contiguity.ANY
    return Quantifier(least, most, inner, draw(st.booleans()), greedy)


class Draw:
    """Draws one pattern; collects the meanings of its conditions."""

    def __init__(self, draw: st.DrawFn, *, dynamic: bool) -> None:
        self.draw = draw
        self.dynamic = dynamic
        self.count = 0
        self.names: list[str] = []
        self.meanings: dict[str, Meaning] = {}

    def condition(self, own: str) -> Condition:
        if self.draw(st.integers(0, 11)) == 0:
            return ALWAYS
        chosen = self.draw(letters)
        text = "name IN (" + ", ".join(f"'{letter}'" for letter in chosen) + ")"
        meaning: Meaning = Letters(chosen)
        if self.dynamic and self.draw(st.booleans()):
            step = self.draw(st.sampled_from([*self.names, own]))
            kind = self.draw(st.sampled_from(sorted(_TEXTS)))
            text += " AND " + _TEXTS[kind].format(step)
            meaning = OfRun(chosen, step, kind)
        self.meanings[text] = meaning
        return Sql(text)

    def name(self) -> str:
        self.count += 1
        return f"s{self.count}"

    def quantifier(self) -> Quantifier:
        return self.draw(st.one_of(st.just(Quantifier()), quantifiers()))

    def step(self) -> Step:
        name = self.name()
        quantifier = self.quantifier()
        until = None
        if quantifier.maximum is None and self.draw(st.integers(0, 3)) == 0:
            until = self.condition(name)
        where = self.condition(name)
        self.names.append(name)
        limit = self.draw(st.sampled_from([None, None, None, 3]))
        if quantifier != Quantifier():
            limit = None
        return Step(name, where, self.draw(contiguities), quantifier, until, limit)

    def group(self, depth: int) -> Group:
        branches = tuple(
            tuple(self.sequence(2, depth + 1)) for _ in range(self.draw(st.sampled_from([1, 1, 2])))
        )
        quantifier = self.quantifier()
        quantifier = Quantifier(
            quantifier.minimum, quantifier.maximum, quantifier.inner, quantifier.optional
        )
        until = None
        if quantifier.maximum is None and self.draw(st.integers(0, 3)) == 0:
            until = self.condition(self.names[0])
        return Group(branches, self.draw(contiguities), quantifier, until)

    def absence(self) -> Absence:
        name = self.name()
        kind = self.draw(st.sampled_from([Contiguity.STRICT, Contiguity.RELAXED]))
        return Absence(name, self.condition(self.names[-1]), kind)

    def sequence(self, most: int, depth: int = 0) -> list[Item]:
        items: list[Item] = []
        for _ in range(self.draw(st.integers(1, most))):
            kind = self.draw(st.integers(0, 9))
            if kind < 2 and items:
                items.append(self.absence())
            if kind == 9 and depth < 2:
                items.append(self.group(depth))
            else:
                items.append(self.step())
        while len(items) < 6 and self.draw(st.integers(0, 4)) == 0:
            items.append(self.absence())
        return items


@dataclass(frozen=True)
class Generated:
    """A pattern, and what its conditions mean."""

    pattern: Pattern
    meanings: Mapping[str, Meaning]


@st.composite
def patterns(draw: st.DrawFn, *, dynamic: bool = False) -> Generated:
    drawing = Draw(draw, dynamic=dynamic)
    sequence = tuple(drawing.sequence(3))
    pattern = Pattern("p", sequence, draw(st.sampled_from([None, 4, 8])))
    to = draw(st.sampled_from([SkipTo.NO_SKIP, SkipTo.NO_SKIP, *SkipTo]))
    step = draw(st.sampled_from(step_names(pattern)))
    skip = Skip(to, step if to in (SkipTo.TO_FIRST, SkipTo.TO_LAST) else None)
    return Generated(Pattern("p", sequence, pattern.within_ns, skip), drawing.meanings)


def sound(generated: Generated) -> bool:
    """Whether the rules of patterns allow it."""
    try:
        check_pattern(generated.pattern)
    except PatternError:
        return False
    return True


@st.composite
def event_lists(draw: st.DrawFn, most: int = 9) -> list[Event]:
    time_ns = 0
    events: list[Event] = []
    for number in range(draw(st.integers(1, most))):
        time_ns += draw(st.integers(0, 3))
        events.append(
            {
                "number": number,
                "name": draw(st.sampled_from("abc")),
                "price": draw(st.integers(0, 3)),
                "key": draw(st.integers(0, 1)) if draw(st.booleans()) else 0,
                "time_ns": time_ns,
            }
        )
    return events


def frame_of(events: list[Event]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            **{
                name: pl.Series(
                    [event[name] for event in events],
                    dtype=pl.String if name == "name" else pl.Int64,
                )
                for name in ("number", "name", "price", "key")
            },
            TIME: pl.Series([event["time_ns"] for event in events], dtype=pl.Int64),
        }
    )


Told = list[tuple[Any, ...]]


def told(results: list[Result]) -> Told:
    """Results as plain values that can be compared."""
    found = []
    for result in results:
        taken = result.rows()
        rows = {step: [row[0] for row in taken[step]] for step in sorted(taken)}
        token = f"t{result.time_ns}" if result.event is None else f"e{result.event}"
        if result.kind is Kind.TIMEOUT:
            token = str(result.time_ns)
        found.append((result.kind.value, result.key, rows, token))
    return found


def expected(generated: Generated, events: list[Event], end_ns: int, *, keyed: bool) -> Told:
    """What the slow matcher finds, key by key."""
    found: Told = []
    for key in sorted({event["key"] for event in events}) if keyed else [None]:
        own = [event for event in events if key is None or event["key"] == key]
        matcher = ReferenceMatcher(generated.pattern, generated.meanings)
        for event in own:
            matcher.process(event)
        matcher.advance(end_ns)
        numbers = [event["number"] for event in own]
        label = () if key is None else (key,)
        for match, token in matcher.matches:
            rows = {step: [numbers[n] for n in match[step]] for step in sorted(match)}
            real = f"e{numbers[int(token[1:])]}" if token.startswith("e") else token
            found.append(("match", label, rows, real))
        for match, at_ns in matcher.timeouts:
            rows = {step: [numbers[n] for n in match[step]] for step in sorted(match)}
            found.append(("timeout", label, rows, str(at_ns)))
    return found
