"""A step as a box of several lines, for diagrams."""

from collections.abc import Sequence

import railroad

LINE = 17
PADDING = 9
CHARACTER = 7.9
"""Width of a character of 13 pixels in a monospace font."""


class Box(railroad.DiagramItem):  # type: ignore[misc]  # the library has no types
    """A box with a name and lines below it.

    Args:
        name: first line.
        lines: the others.
        kind: class of the group, for its style.
    """

    def __init__(self, name: str, lines: Sequence[str], kind: str) -> None:
        super().__init__("g", {"class": kind})
        self.lines = [name, *lines]
        self.width = max(map(len, self.lines)) * CHARACTER + 2 * PADDING
        self.up = self.down = (len(self.lines) * LINE) / 2 + PADDING - 2
        self.needsSpace = True

    def format(self, x: float, y: float, width: float) -> "Box":
        """Draw it around the line at `y`."""
        left, right = railroad.determineGaps(width, self.width)
        railroad.Path(x, y).h(left).addTo(self)
        railroad.Path(x + left + self.width, y).h(right).addTo(self)
        frame = {
            "x": x + left,
            "y": y - self.up,
            "width": self.width,
            "height": self.up + self.down,
            "rx": 6,
            "ry": 6,
        }
        railroad.DiagramItem("rect", frame).addTo(self)
        for number, line in enumerate(self.lines):
            baseline = y - self.up + PADDING + 10 + number * LINE
            place = {"x": x + left + self.width / 2, "y": baseline}
            place |= {"class": "name"} if number == 0 else {"class": "comment"}
            railroad.DiagramItem("text", place, line).addTo(self)
        return self
