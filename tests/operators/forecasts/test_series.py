from dataclasses import replace
from pickle import dumps, loads

import numpy as np
import pytest

from operators.forecasts.config import ForecastConfig
from operators.forecasts.series import HISTORY, Made, Series
from operators.forecasts.smoothing import Floats, Smoothing, fit

CELL = 60_000
CONFIG = ForecastConfig(CELL, ahead=12)
"""Cells of six points."""
STEP = 10_000


def course(cells: int, season: int, seed: int = 1) -> list[tuple[int, float]]:
    """Points of a series with a season of so many cells."""
    chance = np.random.default_rng(seed)
    at = np.arange(1, 6 * cells + 1)
    x = 50 + 10 * np.sin(2 * np.pi * at / (6 * season)) + chance.normal(0, 1, at.size)
    return list(zip((at * STEP).tolist(), x.tolist(), strict=True))


def run(series: Series, points: list[tuple[int, float]]) -> list[Made]:
    return [made for end_ns, x in points if (made := series.take(end_ns, x))]


def same(one: list[Made], other: list[Made]) -> bool:
    return [_values(each) for each in one] == [_values(each) for each in other]


def _values(made: Made) -> tuple[object, ...]:
    return made.made_ns, made.expected.tolist(), made.lower.tolist(), made.upper.tolist()


def test_nothing_is_forecast_before_a_fit_and_then_once_a_cell() -> None:
    made = run(Series(CONFIG, chance=0.5), course(100, 24))
    assert [each.made_ns for each in made] == [cell * CELL for cell in range(48, 101)]
    assert {each.expected.size for each in made} == {12}
    assert all((each.lower <= each.expected).all() for each in made)


def test_a_season_is_found_and_continued() -> None:
    points = course(212, 24)
    made = run(Series(CONFIG, chance=0.0), points[: 6 * 200])[-1]
    truth = 50 + 10 * np.sin(2 * np.pi * (np.arange(200, 212) + 0.5) / 24)
    assert np.abs(made.expected - truth).max() < 2.0
    assert ((made.lower < truth) & (truth < made.upper)).all()


def test_every_says_how_many_cells_lie_between_forecasts() -> None:
    made = run(Series(replace(CONFIG, every=5), chance=0.0), course(60, 24))
    assert [each.made_ns // CELL for each in made] == [35, 40, 45, 50, 55, 60]


@pytest.mark.parametrize("cut", [1, 193, 500])
def test_resumed_at_a_cut_it_goes_on_as_if_nothing_had_been(cut: int) -> None:
    points = course(150, 24)
    whole = run(Series(CONFIG, chance=0.3), points)
    before = Series(CONFIG, chance=0.3)
    first = run(before, points[:cut])
    saved = dumps(before.snapshot())
    run(before, points[cut:])
    after = Series(CONFIG, chance=0.3)
    after.restore(loads(saved))  # noqa: S301 - our own
    assert same(first + run(after, points[cut:]), whole)


def test_a_snapshot_does_not_change_afterwards() -> None:
    series = Series(CONFIG, chance=0.0)
    run(series, course(80, 24))
    snapshot = series.snapshot()
    before = dumps(snapshot)
    run(series, [(end_ns + 80 * CELL, x) for end_ns, x in course(80, 24)])
    assert dumps(snapshot) == before


def test_fits_are_counted_in_cells_and_spread_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[int] = []

    def noted(points: Floats, period: int, last_number: int) -> Smoothing | None:
        fits.append(last_number + 1)
        return fit(points, period, last_number)

    monkeypatch.setattr("operators.forecasts.series.fit", noted)
    for chance, expected in ((0.0, [32, 64, 128, 256, 512, 768]), (0.5, [48, 96, 192, 384, 640])):
        fits.clear()
        run(Series(CONFIG, chance), course(800, 24))
        assert fits == expected


def test_missing_cells_keep_the_season_in_step() -> None:
    points = course(224, 24)
    gap = [(end_ns, x) for end_ns, x in points if not 6 * 195 * STEP < end_ns <= 6 * 205 * STEP]
    made = run(Series(CONFIG, chance=0.0), gap)[-13]
    truth = 50 + 10 * np.sin(2 * np.pi * (np.arange(212, 224) - 0.5) / 24)
    assert made.made_ns == 212 * CELL
    assert np.abs(made.expected - truth).max() < 4.0


def test_after_a_silence_longer_than_its_history_it_begins_anew() -> None:
    points = course(100, 24)
    later_ns = (100 + HISTORY + 2) * CELL
    later = [(end_ns + later_ns, x) for end_ns, x in points]
    again = Series(CONFIG, chance=0.0)
    run(again, points)
    assert same(run(again, later), run(Series(CONFIG, chance=0.0), later))


@pytest.mark.parametrize("level", [0.0, -3.5, 1e12])
def test_a_series_that_never_moves_is_expected_to_stay(level: float) -> None:
    made = run(Series(CONFIG, chance=0.0), [(at * STEP, level) for at in range(1, 300)])[-1]
    assert made.expected.tolist() == made.lower.tolist() == made.upper.tolist() == [level] * 12


def test_what_is_as_old_as_the_newest_or_older_is_passed_over() -> None:
    series = Series(CONFIG, chance=0.0)
    made = run(series, course(40, 24))
    assert made
    assert series.take(39 * CELL, 1e6) is None
    assert series.take(40 * CELL, 1e6) is None
    assert series.last_ns == 40 * CELL


def test_the_band_learns_how_wide_it_must_be() -> None:
    """Points jump more than a model of their means would know."""
    chance = np.random.default_rng(3)
    heavy = chance.standard_t(2, 6 * 3000)
    points = [(at * STEP, float(x)) for at, x in enumerate(heavy, 1)]
    inside = []
    series = Series(replace(CONFIG, band=0.8), chance=0.0)
    band = (np.nan, np.nan)
    for end_ns, x in points:
        inside.append(band[0] <= x <= band[1])
        made = series.take(end_ns, x)
        if made is not None:
            band = (made.lower[0], made.upper[0])
    assert abs(np.mean(inside[6 * 1000 :]) - 0.8) < 0.03
