"""Texts as YAML writes them."""

import json
import re

from tidegauge.texts import cut

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.*()-]*")
_OTHER_THAN_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""What some reader of YAML takes for something else."""


def scalar(text: str) -> str:
    """The text as a YAML scalar, in quotes where it would be read as something else without.

    >>> print(scalar("avg(amount)"), scalar("on"), scalar("10s"), scalar('avg("order")'))
    avg(amount) "on" "10s" 'avg("order")'
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _OTHER_THAN_TEXT:
        return text
    if '"' in text and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False)


def comment(text: str, width: int = 96) -> str:
    """The text fit for a comment: on one line, printable, not too long."""
    line = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return cut(line, width)
