"""Words and signs of row patterns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tidegauge.patterns.checks import PatternError

_TOKEN = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z_]\w*)|(?P<quoted>"[^"]+")|(?P<duration>\d+[a-z][\da-z]*)"""
    r"""|(?P<number>\d+)|(?P<sign>->>|->|\{-|-\}|[()|!?*+{},\[\]^$]))"""
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign: `kind` is name, quoted, duration, number, sign, or end."""

    kind: str
    text: str


def tokens(text: str) -> Iterator[Token]:
    """The words and signs of a row pattern.

    Raises:
        PatternError: something in it is neither.
    """
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            rest = text[at:].strip()
            raise PatternError(f"{text!r}: cannot be read at {rest[:20]!r}")
        kind = str(found.lastgroup)
        yield Token(kind, found.group(kind))
        at = found.end()
