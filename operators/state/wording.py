"""What state is made for, in the words of the pipeline file."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType

from operators.ordering.plan import PREFIX
from tidegauge.durations import format_duration_ns
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import as_written, parse

EVENTS = "events"
_ASPECTS = {
    "sources": "from",
    "of": "on",
    "condition": "where",
    "warm up": "warm_up",
    "after match": "after_match",
    "time zone": "timezone",
}
"""Aspects that the file calls otherwise."""
_KEPT = {
    "n": "count of",
    **dict.fromkeys(("sum", "total", "low", "high"), "sum of"),
    "min": "lowest",
    "max": "highest",
    **dict.fromkeys(("distance", "m2"), "spread of"),
    "first_value": "first",
    "last_value": "last",
    "frequencies": "most frequent",
    "histogram": "percentiles of",
    "registers": "distinct",
}
"""What a window keeps of its events, by what begins its name."""
_ACCUMULATOR = re.compile(r"(\w+)\((.*?)(?:: (\w+))?\)(?: (\w+))?", re.DOTALL)
_ORDERED = re.compile(rf"(?:{PREFIX})?(\w+)\((.*)\)")


def called(part: str) -> str:
    """A part as a person calls it: `window spend`, `events of payments by card`."""
    kind, _, name = part.partition(":")
    return _ordered(name) if kind == EVENTS else f"{kind} {name}"


def change(
    aspect: str,
    before: str | list[str] | None,
    after: str | list[str] | None,
    words: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """What has become of an aspect of a part, such as `within: was 5m, now 6m`.

    Empty where both sides say the same, as nothing and an empty text do.

    Args:
        aspect: its name.
        before: what it was.
        after: what it is now.
        words: what aggregates are taken of, as it was written, where that is told otherwise.
    """
    name = _ASPECTS.get(aspect, aspect)
    if isinstance(before, list) and isinstance(after, list):
        less = [one for one in before if one not in after]
        more = [one for one in after if one not in before]
        if less or more:
            word = _word(aspect, words)
            parts = [f"no longer {_listed(word, less, more)}"] if less else []
            parts += [f"now {_listed(word, more, less)}"] if more else []
            return f"{name}: {', '.join(parts)}"
    was, now = _text(aspect, before, words), _text(aspect, after, words)
    return f"{name}: was {was}, now {now}" if was != now else ""


def _listed(word: Callable[[str], str], values: Iterable[str], others: Iterable[str]) -> str:
    """Values, and with the type where the others would be called the same."""
    same = set(map(word, others))
    told = [
        f"{word(one)} ({one.rsplit(maxsplit=1)[-1]})" if word(one) in same else word(one)
        for one in values
    ]
    return ", ".join(dict.fromkeys(told))


def _word(aspect: str, words: Mapping[str, str]) -> Callable[[str], str]:
    return partial(_kept, words) if aspect == "aggregates" else str.strip


def _kept(words: Mapping[str, str], accumulator: str) -> str:
    found = _ACCUMULATOR.fullmatch(accumulator)
    if found is None or found[1] not in _KEPT:
        return accumulator
    return f"{_KEPT[found[1]]} {words.get(found[2]) or _unnested(found[2])}"


def _unnested(sql: str) -> str:
    """An expression that an earlier version remembers, which has not told how it was written."""
    try:
        return as_written(parse(sql).unnest())
    except ExpressionError:
        return sql


def _text(aspect: str, value: str | list[str] | None, words: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(map(_word(aspect, words), value)) or "none"
    if not value or value == "None":
        return "none"
    if aspect == "within" and value.isdecimal():
        return format_duration_ns(int(value))
    if value.startswith("["):
        return ", ".join(map(str, ast.literal_eval(value))) or "none"
    return _ordered(value) if value.startswith(PREFIX) else value


def _ordered(name: str) -> str:
    found = _ORDERED.fullmatch(name)
    if found is None:
        return name
    return f"events of {found[1]}" + (f" by {found[2]}" if found[2] else "")
