"""The table of sparse history counts what the windows give."""

from dataclasses import replace

import pytest

from benchmarks.sparse import CASES, measured


@pytest.mark.parametrize("name", CASES)
def test_a_small_case_of_each_row_is_measured(name: str) -> None:
    found = measured(replace(CASES[name], events=600, days=1, keys=50, batch=100))
    assert found.rows > 0
    assert found.seconds >= 0
    if name.startswith("sliding"):
        # Each event is in five windows, but for those that are open in the end.
        assert 5 * 590 <= found.rows <= 5 * 600
    if name.startswith("cumulative"):
        # One each, and one of each key at the end of the one day that ends.
        assert found.rows <= 600 + 50
