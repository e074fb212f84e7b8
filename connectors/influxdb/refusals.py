"""Which lines of a refused request were the cause."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

_UNPARSABLE = "unable to parse '"
_FIELD = re.compile(r'input field "([^"]+)" on measurement')
_OLDEST = re.compile(r"Retention Policy Lower Bound at (\S+Z)")


def named(message: str, lines: Sequence[str]) -> dict[str, str]:
    """Lines that the server's message quotes as unparsable, with the reason of each."""
    known = set(lines)
    reasons: dict[str, str] = {}
    for quoted in message.split(_UNPARSABLE)[1:]:
        end = quoted.find("': ")
        while end >= 0 and quoted[:end] not in known:
            end = quoted.find("': ", end + 1)
        if end >= 0:
            reasons[quoted[:end]] = quoted[end + 3 :].strip()
    return reasons


def divided(lines: list[str], message: str) -> list[list[str]]:
    """Two parts of two or more lines, to find by trying them which ones are refused.

    Where the message gives a hint, lines that seem to have the fault it speaks of go into one
    part; else the parts are halves.
    """
    if suspected := _suspicion(message):
        parts: list[list[str]] = [[], []]
        for line in lines:
            parts[suspected(line)].append(line)
        if all(parts):
            return parts
    middle = len(lines) // 2
    return [lines[:middle], lines[middle:]]


def _suspicion(message: str) -> Callable[[str], bool] | None:
    if field := _FIELD.search(message):
        having = re.compile(rf"[ ,]{re.escape(field[1])}=")
        return lambda line: having.search(line) is not None
    if oldest := _OLDEST.search(message):
        bound_ns = int(datetime.fromisoformat(oldest[1]).timestamp() * 1e9)
        return lambda line: int(line.rpartition(" ")[2]) < bound_ns
    return None
