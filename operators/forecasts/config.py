"""What is forecast of a series."""

from dataclasses import dataclass

from tidegauge.forecasts import Grid


@dataclass(frozen=True, slots=True)
class ForecastConfig:
    """Settings of a forecast.

    Attributes:
        cell_ns: length of a cell, aligned to the epoch: points in it are put together.
        ahead: cells to the horizon.
        every: cells between two forecasts.
        season: cells of a season; None where it is to be found.
        calendar: cells of a week and of a day, the longer first, which are looked at first where
            the season is to be found.
        band: share of the points that shall lie in the band, between 0 and 1.

    Raises:
        ValueError: a setting is out of its range.
    """

    cell_ns: int
    ahead: int
    every: int = 1
    season: int | None = None
    calendar: tuple[int, ...] = ()
    band: float = 0.95

    def __post_init__(self) -> None:
        if min(self.cell_ns, self.ahead, self.every) < 1:
            raise ValueError("cell_ns, ahead and every: at least 1")
        if self.season is not None and not 2 <= self.season <= 170:
            raise ValueError(f"season: {self.season} cells are not allowed; allowed: 2 to 170")
        if not 0.0 < self.band < 1.0:
            raise ValueError(f"band: {self.band} is not allowed; allowed: between 0 and 1")


def configure(grid: Grid, band: float) -> ForecastConfig:
    """The settings on the grid of a forecast in a pipeline file."""
    return ForecastConfig(grid.cell_ns, grid.ahead, grid.every, grid.season, grid.calendar, band)
