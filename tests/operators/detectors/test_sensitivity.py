"""A share of the alarms that were asked for is as if so many fewer had been asked for."""

import numpy as np
import pytest

from operators.detectors.ensemble import Ensemble
from operators.detectors.rarity import RarityConfig, RarityDetector
from operators.detectors.seasonal import Seasonal
from tests.operators.detectors.conformance import points, run, same


@pytest.mark.parametrize("new", [Ensemble, Seasonal])
@pytest.mark.parametrize("share", [0.125, 0.5, 4.0])
def test_a_share_of_the_alarms_is_as_if_so_many_were_asked_for(
    new: type[RarityDetector], share: float
) -> None:
    x = points()
    moved = new(RarityConfig(false_alarms_per_week=2.0, warm_up=20))
    moved.grow(x.shape[1])
    moved.sensitivity[:] = share
    asked = new(RarityConfig(false_alarms_per_week=2.0 * share, warm_up=20))
    found = run(moved, x)
    assert same(found, run(asked, x))
    assert not same(found, run(new(RarityConfig(2.0, warm_up=20)), x))
    assert any(np.isfinite(verdicts.score).any() for verdicts in found)
