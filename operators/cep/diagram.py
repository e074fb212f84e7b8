"""A pattern as a picture: steps from left to right, loops below them, ways around above.

What lies between two steps stands on the line between them: `next`, `later` or `any later`.
"""

import textwrap
from collections.abc import Iterator

import railroad

from operators.cep.box import Box
from tidegauge.durations import format_duration_ns
from tidegauge.patterns.condition import Always, Condition, Sql
from tidegauge.patterns.pattern import (
    Absence,
    Contiguity,
    Group,
    Item,
    Pattern,
    Sequence,
    SkipTo,
    Step,
    steps_of,
)

STYLE = """
svg.railroad-diagram { background: #ffffff; color: #1f2933; }
svg.railroad-diagram path { stroke: #52606d; stroke-width: 2; fill: none; }
svg.railroad-diagram text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, monospace;
  fill: #1f2933; text-anchor: middle; white-space: pre; }
svg.railroad-diagram text.name { font-weight: bold; }
svg.railroad-diagram text.comment { font-size: 11.5px; fill: #3e4c59; }
svg.railroad-diagram rect { stroke: #2b6cb0; stroke-width: 1.5; fill: #ebf4ff; }
svg.railroad-diagram g.absent rect { stroke: #c53030; stroke-dasharray: 5 3; fill: #fff5f5; }
svg.railroad-diagram g.hidden rect { stroke: #718096; fill: #f7fafc; }
svg.railroad-diagram rect.group-box { stroke: #a0aec0; stroke-dasharray: 2 3; fill: none; }
"""
"""Colours have a contrast of at least 4.5 to what is behind them."""

_GAPS = {Contiguity.STRICT: "next", Contiguity.RELAXED: "later", Contiguity.ANY: "any later"}
_BETWEEN = {
    Contiguity.STRICT: "nothing between",
    Contiguity.RELAXED: "others between",
    Contiguity.ANY: "any between",
}
_SKIPS = {
    SkipTo.NO_SKIP: "no skip",
    SkipTo.PAST_LAST: "skip past last row",
    SkipTo.TO_NEXT: "skip to next row",
    SkipTo.TO_FIRST: "skip to first",
    SkipTo.TO_LAST: "skip to last",
}
_WIDTH = 34
"""Characters of a line of a condition."""
_MOST_LINES = 4


def diagram(pattern: Pattern) -> str:
    """The pattern as an SVG document; the same text for the same pattern."""
    whole = railroad.Group(_sequence(pattern, pattern.sequence), _heading(pattern))
    drawn = railroad.Diagram(railroad.Start("complex"), whole, railroad.End("complex")).format()
    drawn.attrs |= {"role": "img", "aria-labelledby": "title desc"}
    drawn.children[:0] = [
        railroad.DiagramItem("title", {"id": "title"}, _printable(f"Pattern {pattern.name}")),
        railroad.DiagramItem("desc", {"id": "desc"}, _printable(describe(pattern))),
    ]
    parts: list[str] = []
    drawn.writeStandalone(parts.append, STYLE)
    return "".join(parts) + "\n"


def describe(pattern: Pattern) -> str:
    """The pattern in words."""
    steps = [f"{step.name}: {_text(step.where)}." for step in steps_of(pattern.sequence)]
    return " ".join([f"{_words(pattern.sequence)}.", *steps, f"{_heading(pattern)}."])


def _heading(pattern: Pattern) -> str:
    window = "no time limit"
    if pattern.within_ns is not None:
        window = f"within {format_duration_ns(pattern.within_ns)}"
    skip = " ".join(filter(None, [_SKIPS[pattern.skip.to], pattern.skip.step]))
    return _printable(f"{window} · {skip}")


def _sequence(pattern: Pattern, items: Sequence) -> railroad.DiagramItem:
    parts = []
    for number, item in enumerate(items):
        if number:
            parts.append(railroad.Comment(_GAPS[item.contiguity]))
        parts.append(_item(pattern, item))
    return railroad.Sequence(*parts)


def _item(pattern: Pattern, item: Item) -> railroad.DiagramItem:
    if isinstance(item, Absence):
        limit = _limit(item.within_ns)
        return Box(f"no {_printable(item.name)}", [*_lines(item.where), *limit], "absent")
    if isinstance(item, Step):
        kind = "hidden" if item.name in pattern.hidden else "step"
        drawn = Box(_printable(item.name), [*_lines(item.where), *_limit(item.within_ns)], kind)
    elif len(item.branches) == 1:
        drawn = _sequence(pattern, item.branches[0])
    else:
        drawn = railroad.Choice(0, *(_sequence(pattern, branch) for branch in item.branches))
    quantifier = item.quantifier
    if not quantifier.single:
        drawn = railroad.OneOrMore(drawn, railroad.Comment(_printable(_loop(item))))
    if isinstance(item, Group):
        drawn = railroad.Group(drawn, "group" if len(item.branches) == 1 else "one of")
    return railroad.Optional(drawn) if quantifier.optional else drawn


def _loop(item: Step | Group) -> str:
    quantifier = item.quantifier
    told = [_times(item), _BETWEEN[quantifier.inner]]
    if quantifier.greedy:
        told.append("greedy")
    if item.until is not None:
        told.append(f"until {_text(item.until)}")
    return ", ".join(told)


def _times(item: Step | Group) -> str:
    least, most = item.quantifier.minimum, item.quantifier.maximum
    if most is None:
        return f"{least} or more"
    return f"{least} times" if least == most else f"{least} to {most} times"


def _words(items: Sequence) -> str:
    return " ".join(_item_words(number, item) for number, item in enumerate(items))


def _item_words(number: int, item: Item) -> str:
    gap = f"{_GAPS[item.contiguity]} " if number else ""
    if isinstance(item, Absence):
        return f"{gap}no {item.name}"
    name = item.name if isinstance(item, Step) else " or ".join(map(_words, item.branches))
    if isinstance(item, Group):
        name = f"({name})"
    told = "" if item.quantifier.single else f" ({_loop(item)})"
    return f"{gap}{'optionally ' if item.quantifier.optional else ''}{name}{told}"


def _limit(within_ns: int | None) -> Iterator[str]:
    if within_ns is not None:
        yield f"within {format_duration_ns(within_ns)} of the event before"


def _lines(condition: Condition) -> list[str]:
    return textwrap.wrap(
        _printable(_text(condition)), _WIDTH, max_lines=_MOST_LINES, placeholder=" …"
    )


def _text(condition: Condition) -> str:
    if isinstance(condition, Sql):
        return " ".join(condition.text.split())
    return "any event" if isinstance(condition, Always) else "a condition in Python"


def _printable(text: str) -> str:
    """Without the characters that XML does not have."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
