import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.durations import UNITS_NS
from tidegauge.forecasts import GridError, grid_of
from tidegauge.spec.models import Forecast, Window

MINUTE = UNITS_NS["m"]


def grid(step: str, horizon: str, **more: str) -> tuple[int, int, int, int | None]:
    found = grid_of(_forecast(horizon, **more), _window(step))
    return found.cell_ns // MINUTE, found.ahead, found.every, found.season


def _forecast(horizon: str, **more: str) -> Forecast:
    return Forecast.model_validate({"on": "w.n", "horizon": horizon, **more})


def _window(step: str) -> Window:
    return Window.model_validate(
        {"from": "s", "sliding": {"size": "7d", "every": step}, "select": {"n": "count(*)"}}
    )


@pytest.mark.parametrize(
    ("found", "cells"),
    [
        (grid("10s", "4h"), (20, 12, 1, None)),
        (grid("10s", "4h", season="1d"), (20, 12, 1, 72)),
        (grid("10s", "4h", season="1w"), (60, 4, 1, 168)),
        (grid("10s", "1d", season="1w"), (60, 24, 1, 168)),
        (grid("1h", "2h"), (60, 2, 1, None)),
        (grid("10m", "4h", every="30m"), (20, 12, 2, None)),
    ],
)
def test_the_grid_has_few_cells_that_fit_results_and_season(
    found: tuple[object, ...], cells: tuple[object, ...]
) -> None:
    assert found == cells


@given(
    step_s=st.integers(1, 4_000),
    horizon_s=st.integers(1, 4_000_000),
    season_s=st.none() | st.integers(1, 4_000_000),
)
def test_every_grid_is_bounded_and_reaches_the_horizon(
    step_s: int, horizon_s: int, season_s: int | None
) -> None:
    told = {} if season_s is None else {"season": f"{season_s}s"}
    try:
        found = grid_of(_forecast(f"{horizon_s}s", **told), _window(f"{step_s}s"))
    except GridError:
        return
    assert 1 <= found.ahead <= 24
    assert found.cell_ns % (step_s * UNITS_NS["s"]) == 0
    assert found.ahead * found.cell_ns >= horizon_s * UNITS_NS["s"]
    if found.season is not None:
        assert 4 <= found.season <= 168
        assert found.season * found.cell_ns == (season_s or 0) * UNITS_NS["s"]
