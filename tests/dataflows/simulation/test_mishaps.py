from collections import Counter

import numpy as np
import pytest

from dataflows.simulation.mishaps import SHARES, Mishap, draw_fates


def test_mishaps_are_as_frequent_as_they_should_be() -> None:
    drawn = 200_000
    fates = draw_fates(np.random.default_rng(1), drawn)
    counted = Counter(fate.mishap for fate in fates)
    for mishap, share in SHARES.items():
        # Five standard deviations of a count.
        assert counted[mishap] == pytest.approx(share * drawn, abs=5 * (share * drawn) ** 0.5)
    assert counted[Mishap.NONE] == drawn - sum(counted[mishap] for mishap in SHARES)


def test_only_what_comes_late_is_delayed() -> None:
    fates = draw_fates(np.random.default_rng(2), 100_000)
    delayed = {fate.mishap for fate in fates if fate.delay_ns}
    assert delayed == {Mishap.OUT_OF_ORDER, Mishap.LATE, Mishap.TOO_LATE}
