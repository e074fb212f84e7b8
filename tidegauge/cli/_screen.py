"""Consoles for tables and trees, which print others' texts as `_say` does."""

import sys
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from tidegauge.texts import visible

PRINTED_WIDTH = 200
"""Columns of tables when they do not go to a terminal."""


class Terminal(Console):
    """A console where markup in a text is text, and nothing in it steers the terminal."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The segments of a renderable; styles are ours, texts may be others'."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def screen(width: int = PRINTED_WIDTH, *, stderr: bool = False) -> Terminal:
    """Where tables and trees go.

    Args:
        width: columns when it does not go to a terminal.
        stderr: to standard error.
    """
    to_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    fixed = None if to_terminal else width
    return Terminal(highlight=False, markup=False, width=fixed, stderr=stderr)
