"""A row, and the place of its panels."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import GridPos, Panel, RowPanel

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A panel, and what it is about.

    Attributes:
        panel: the panel, with its width and height.
        about: names of what it shows, for whoever wants to point at it.
    """

    panel: Panel
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a title."""

    title: str
    spots: Sequence[Spot]


def arrange(rows: Sequence[Row]) -> tuple[list[Panel | RowPanel], dict[tuple[str, ...], int]]:
    """Number the panels and put them side by side, line after line.

    Returns:
        the panels in order, and the number of the panel about each thing.
    """
    placed: list[Panel | RowPanel] = []
    numbers: dict[tuple[str, ...], int] = {}
    y = 0
    for row in rows:
        placed.append(_heading(row.title, y, len(placed) + 1))
        y += 1
        x = line = 0
        for spot in row.spots:
            size = spot.panel.grid_pos
            width, height = (size.w, size.h) if size else (COLUMNS, 8)
            if x + width > COLUMNS:
                x, y, line = 0, y + line, 0
            spot.panel.grid_pos = GridPos(h=height, w=width, x=x, y=y)
            spot.panel.id_val = len(placed) + 1
            numbers.setdefault(spot.about, spot.panel.id_val)
            placed.append(spot.panel)
            x, line = x + width, max(line, height)
        y += line
    return placed, numbers


def _heading(title: str, y: int, number: int) -> RowPanel:
    place = GridPos(h=1, w=COLUMNS, x=0, y=y)
    return RowPanel(collapsed=False, title=title, grid_pos=place, id_val=number, panels=[])
