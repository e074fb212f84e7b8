"""What is wrong with a pipeline file: where, what, and what is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegauge.errors import UserMistake

Path = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top of the file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at `path`, before it is known which line that is.

    `line` is set where it is not that of the path's value. A problem that could only follow from
    another one is not told of: `unless` is a path below which nothing else must be wrong.
    """

    path: Path
    message: str
    line: int | None = None
    unless: Path | None = None


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """Something wrong at a line (from 1) and a dotted key."""

    line: int
    key: str
    message: str

    def render(self, file: str) -> str:
        """`file:line: key: message`."""
        return f"{file}:{self.line}: {self.key}: {self.message}"


class Mistakes(UserMistake):
    """All mistakes of a pipeline file, by line; its text has one line for each."""

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        super().__init__(file, mistakes)
        self.file = file
        self.mistakes = tuple(sorted(set(mistakes)))

    def __str__(self) -> str:
        return "\n".join(mistake.render(self.file) for mistake in self.mistakes)


def dotted(path: Path) -> str:
    """A path as people write it: `tests[0].expect`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return " ".join(text.split()) or "file"
