"""Every line that a command prints goes through here.

Texts of messages, keys, files and servers are others' work, and a terminal obeys what is in them:
colours, titles, moved cursors, reversed text. What is not seen is printed as its escape.
"""

import json
from typing import Any

import typer

from tidegauge.texts import visible, visible_json, visible_line


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line of text; a line feed in it is an escape, too."""
    typer.echo(visible_line(text), err=err)


def say_lines(text: object, *, err: bool = False) -> None:
    """Print what is several lines on purpose, such as mistakes."""
    typer.echo(visible(str(text)), err=err)


def say_json(value: Any, indent: int | None = 2) -> None:
    """Print a JSON value, in which what is not seen is escaped as JSON does it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    typer.echo(visible_json(text))
