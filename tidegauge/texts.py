"""Texts that others have written, as a message or a line of the log shows them: not too long."""

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
