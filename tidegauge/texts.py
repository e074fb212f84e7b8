"""Texts that others have written, as a message or a line of the log shows them: not too long.

And nothing in them that a terminal obeys or does not show: `visible`.
"""

import unicodedata
from typing import Any

WIDTH = 60
"""Characters of an expression or a value within a sentence."""
LINE_WIDTH = 200
"""Characters of a value that has a place of its own, in a line of the log or in a letter."""


def cut(text: str, width: int = WIDTH) -> str:
    """The text, at most `width` characters of it."""
    return text if len(text) <= width else text[: width - 1] + "…"


def shorten(text: str, width: int = WIDTH) -> str:
    """The text on one line, at most `width` characters of it."""
    return cut(" ".join(text.split()), width)


def shortened(value: Any, width: int = LINE_WIDTH) -> Any:
    """A value of JSON with each of its texts cut."""
    if isinstance(value, str):
        return cut(value, width)
    if isinstance(value, dict):
        return {name: shortened(one, width) for name, one in value.items()}
    if isinstance(value, list):
        return [shortened(one, width) for one in value]
    return value


def visible(text: str) -> str:
    """A text as lines, in which every character that is not seen is its escape.

    So are control characters (of a terminal, too), signs that turn the direction of a text, and
    halves of characters; spaces of all widths stay.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) else _escape(char) for char in text)


def visible_line(text: str) -> str:
    """A text as one line: a line feed in it is an escape, too."""
    return visible(text).replace("\n", "\\n")


def visible_json(text: str) -> str:
    """The text of a JSON value, in which what is not seen is escaped as JSON does it."""
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) else _json_escape(char) for char in text)


def visible_values(value: Any) -> Any:
    """A value of JSON with each of its texts made visible."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible_values(name): visible_values(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [visible_values(one) for one in value]
    return value


def is_text(text: str) -> bool:
    """Whether it has no halves of characters, as bytes that are no UTF-8 are given to a process."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_seen(char: str) -> bool:
    return char == "\n" or char.isprintable() or unicodedata.category(char) == "Zs"


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
