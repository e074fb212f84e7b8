import random

import polars as pl
import pytest

from tidegauge.cardinality import estimate_distinct


def sample(keys: int, messages: int, seed: int = 1) -> pl.DataFrame:
    chance = random.Random(seed)
    return pl.DataFrame({"k": [chance.randrange(keys) for _ in range(messages)]})


def test_what_was_seen_whole_is_counted() -> None:
    keys = sample(50, 400)
    assert estimate_distinct(keys, 400, 400) == keys.n_unique()


@pytest.mark.parametrize("keys", [10, 1_000, 20_000, 100_000])
def test_keys_of_equal_frequency_are_estimated_within_a_fifth(keys: int) -> None:
    found = estimate_distinct(sample(keys, 20_000), 20_000, 10_000_000)
    assert found == pytest.approx(keys, rel=0.2)


def test_there_are_at_most_as_many_as_messages() -> None:
    """Each key once, so that nothing tells how many there are."""
    keys = pl.DataFrame({"k": range(1_000)})
    assert estimate_distinct(keys, 1_000, 5_000) == 5_000
    assert estimate_distinct(keys, 2_000, 5_000) == 2_500


def test_no_events_have_no_keys_and_no_key_is_one() -> None:
    assert estimate_distinct(pl.DataFrame({"k": []}), 10, 20) == 0
    assert estimate_distinct(pl.DataFrame(), 10, 20) == 0
