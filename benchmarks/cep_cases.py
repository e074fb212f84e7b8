"""Cases of what a pattern matcher must find, in a neutral JSON format: as patterns and events."""

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from operators.cep.builder import Chain, PatternBuilder, chain, pattern_of
from tidegauge.errors import UserMistake
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.condition import ALWAYS, Condition, Event, EventTest, RunTest, Sql, Taken
from tidegauge.patterns.pattern import Pattern

Case = Mapping[str, Any]
Neutral = list[Any]
"""A condition or expression: an operator or kind, then its operands."""
AnyChain = TypeVar("AnyChain", bound=Chain)

_OF_RUN = frozenset({"sum", "count", "first", "last"})
_METHODS = {
    "begin": "begin",
    "strict": "next",
    "relaxed": "followed_by",
    "relaxed_any": "followed_by_any",
    "not_next": "not_next",
    "not_follow": "not_followed_by",
}
FIELDS = ("id", "name", "price", "ts", "kind", "volume")
"""Fields that events of every case may have."""
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "prefix": lambda text, start: str(text).startswith(str(start)),
    "contains": lambda text, part: str(part) in str(text),
}
_FLAGS = ("optional", "greedy", "consecutive", "allow_combinations")


def read_cases(path: Path) -> list[Case]:
    """The cases of a file.

    Raises:
        UserMistake: there is no such file, or no cases in it.
    """
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserMistake(f"{path}: {error.strerror}; give files with cases") from None
    except ValueError as error:
        raise UserMistake(f"{path}: no JSON: {error}") from None
    if not isinstance(cases, list) or not all(
        isinstance(case, dict) and {"id", "pattern", "events"} <= case.keys() for case in cases
    ):
        raise UserMistake(f"{path}: must be a list of cases with id, pattern and events")
    return cases


def pattern_of_case(case: Case, *, sql: bool = False) -> Pattern:
    """The pattern of a case; its conditions in Python or, with `sql`, in SQL.

    Raises:
        PatternError: it makes no sense.
    """
    described = case["pattern"]
    pattern = pattern_of("pattern")
    for step in described["steps"]:
        pattern = _with_step(pattern, step, sql=sql)
    if described.get("within_ms") is not None:
        pattern = pattern.within(timedelta(milliseconds=described["within_ms"]))
    return _with_skip(pattern, described.get("skip", "no_skip")).build()


def fields_of_case(case: Case) -> list[str]:
    """All fields that events of the case can have."""
    found = (name for event in case["events"] for name in event)
    return list(dict.fromkeys([*FIELDS, *found]))


def _with_skip(pattern: PatternBuilder, skip: str) -> PatternBuilder:
    if skip == "no_skip":
        return pattern
    if skip == "past_last":
        return pattern.skip_past_last()
    if skip == "to_next":
        return pattern.skip_to_next()
    kind, _, step = skip.partition(":")
    strict = kind.endswith("!")
    if kind.removesuffix("!") == "to_first":
        return pattern.skip_to_first(step, strict=strict)
    return pattern.skip_to_last(step, strict=strict)


def _with_step(pattern: AnyChain, step: Case, *, sql: bool) -> AnyChain:
    append = getattr(pattern, _METHODS[step["contiguity"]])
    if "group" in step:
        inner = chain()
        for part in step["group"]:
            inner = _with_step(inner, part, sql=sql)
        pattern = append(inner)
    else:
        pattern = append(step["name"], _condition(step.get("where"), sql=sql))
    if step.get("times") is not None:
        least, most = step["times"]
        if least < 1:
            raise PatternError(f"{step['times']} times; 1 is the least")
        pattern = pattern.at_least(least) if most is None else pattern.times(least, most)
    for flag in _FLAGS:
        if step.get(flag):
            pattern = getattr(pattern, flag)()
    if step.get("until") is not None:
        pattern = pattern.until(_condition(step["until"], sql=sql))
    if step.get("within_prev_ms") is not None:
        pattern = pattern.within_previous(timedelta(milliseconds=step["within_prev_ms"]))
    return pattern


def _condition(neutral: Neutral | None, *, sql: bool) -> Condition:
    if neutral is None or neutral == ["true"]:
        return ALWAYS
    if sql:
        return Sql(_sql(neutral))
    if _looks_at_run(neutral):
        return RunTest(_RunCondition(json.dumps(neutral)))
    return EventTest(_EventCondition(json.dumps(neutral)))


def _looks_at_run(neutral: Any) -> bool:
    return isinstance(neutral, list) and (
        neutral[0] in _OF_RUN or any(_looks_at_run(part) for part in neutral[1:])
    )


@dataclass(frozen=True, slots=True)
class _EventCondition:
    text: str

    def __call__(self, event: Event) -> bool:
        return _holds(json.loads(self.text), event, None)


@dataclass(frozen=True, slots=True)
class _RunCondition:
    text: str

    def __call__(self, event: Event, run: Taken) -> bool:
        return _holds(json.loads(self.text), event, run)


def _holds(neutral: Neutral, event: Event, run: Taken | None) -> bool:
    kind, *parts = neutral
    match kind:
        case "true":
            return True
        case "and":
            return all(_holds(part, event, run) for part in parts)
        case "or":
            return any(_holds(part, event, run) for part in parts)
        case "not":
            return not _holds(parts[0], event, run)
    left, right = (_value(part, event, run) for part in parts)
    return left is not None and right is not None and _compare(kind, left, right)


def _compare(kind: str, left: Any, right: Any) -> bool:
    compare = _COMPARISONS.get(kind)
    if compare is None:
        raise UserMistake(f"unknown condition {kind!r}")
    return bool(compare(left, right))


def _value(neutral: Any, event: Event, run: Taken | None) -> Any:
    if not isinstance(neutral, list):
        return neutral
    kind, *parts = neutral
    if kind == "cur":
        return event.get(parts[0])
    if kind == "+":
        left, right = (_value(part, event, run) for part in parts)
        return None if left is None or right is None else left + right
    taken = [] if run is None else run.events(parts[0])
    return _value_of_run(kind, parts, taken)


def _value_of_run(kind: str, parts: Sequence[Any], taken: Sequence[Event]) -> Any:
    if kind == "count":
        return len(taken)
    values = [one.get(parts[1]) for one in taken]
    match kind:
        case "sum":
            return sum(value for value in values if value is not None)
        case "first":
            return values[0] if values else None
        case "last":
            return values[-1] if values else None
    raise UserMistake(f"unknown expression {kind!r}")


_SQL_OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _sql(neutral: Neutral) -> str:
    """A condition in SQL; what is missing makes a comparison false, not unknown."""
    kind, *parts = neutral
    match kind:
        case "true":
            return "TRUE"
        case "and" | "or":
            return "(" + f" {kind.upper()} ".join(map(_sql, parts)) + ")"
        case "not":
            return f"(NOT {_sql(parts[0])})"
        case "prefix" | "contains":
            text = str(parts[1]).replace("'", "''")
            before = "%" if kind == "contains" else ""
            return f"COALESCE({_sql_value(parts[0])} LIKE '{before}{text}%', FALSE)"
    left, right = map(_sql_value, parts)
    return f"COALESCE({left} {_SQL_OPERATORS[kind]} {right}, FALSE)"


def _sql_value(neutral: Any) -> str:
    if isinstance(neutral, str):
        return "'" + neutral.replace("'", "''") + "'"
    if not isinstance(neutral, list):
        return str(neutral)
    kind, *parts = neutral
    match kind:
        case "cur":
            return f'"{parts[0]}"'
        case "+":
            return f"({_sql_value(parts[0])} + {_sql_value(parts[1])})"
        case "count":
            return f'COUNT("{parts[0]}")'
    return f'{kind.upper()}("{parts[0]}"."{parts[1]}")'
