"""Patterns as text: row patterns as in ISO SQL's MATCH_RECOGNIZE, with arrows and negation.

    small{3,} large              next to each other, as ISO says
    login -> fail+[->] -> pay    some time later; also between the fails
    order -> !payment            no payment until the window ends
    a (b | c d)? e               groups, one of several, optional

docs/patterns.md says what each sign means.
"""

from collections.abc import Mapping

from tidegauge.patterns.checks import PatternError, check_pattern
from tidegauge.patterns.pattern import Pattern, Skip, SkipTo, steps_of
from tidegauge.patterns.row_parser import RowParser


def parse_rows(
    name: str,
    match: str,
    define: Mapping[str, str],
    *,
    within_ns: int | None = None,
    after_match: str = "SKIP PAST LAST ROW",
) -> Pattern:
    """Compile a row pattern.

    Args:
        name: the pattern's name.
        match: the row pattern.
        define: SQL conditions of its steps; a step without one takes any event.
        within_ns: the window.
        after_match: `SKIP PAST LAST ROW`, `SKIP TO NEXT ROW`, `SKIP TO [FIRST | LAST] step` or
            `NO SKIP`.

    Raises:
        PatternError: the text cannot be read, or the pattern makes no sense.
    """
    parser = RowParser(match, define)
    sequence = parser.parse()
    unused = [step for step in define if step not in parser.used]
    if unused:
        known = ", ".join(step.name for step in steps_of(sequence))
        raise PatternError(
            f"define has {unused[0]}, which is not in the pattern; it has {known}",
            ("define", unused[0]),
        )
    return check_pattern(
        Pattern(name, sequence, within_ns, parse_skip(after_match), frozenset(parser.hidden))
    )


def parse_skip(text: str) -> Skip:
    """What `AFTER MATCH` says.

    Raises:
        PatternError: it says none of what is allowed.
    """
    words = text.split()
    match [word.upper() for word in words]:
        case ["NO", "SKIP"]:
            return Skip()
        case ["SKIP", "PAST", "LAST", "ROW"]:
            return Skip(SkipTo.PAST_LAST)
        case ["SKIP", "TO", "NEXT", "ROW"]:
            return Skip(SkipTo.TO_NEXT)
        case ["SKIP", "TO", "FIRST", _]:
            return Skip(SkipTo.TO_FIRST, words[3])
        case ["SKIP", "TO", "LAST", _] | ["SKIP", "TO", _]:
            return Skip(SkipTo.TO_LAST, words[-1])
    raise PatternError(
        f"after match {text!r}: write NO SKIP, SKIP PAST LAST ROW, SKIP TO NEXT ROW, "
        "SKIP TO FIRST step or SKIP TO LAST step",
        ("after_match",),
    )
