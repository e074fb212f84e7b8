"""How many panels, queries and rules were checked: said at the end of the tests."""

from collections import Counter

import pytest

KEY = pytest.StashKey[Counter[str]]()


def tally(config: pytest.Config) -> Counter[str]:
    """The counts of this run."""
    return config.stash.setdefault(KEY, Counter())


def summary(config: pytest.Config) -> str:
    """One line, or nothing when nothing was checked."""
    counts = config.stash.get(KEY, Counter[str]())
    return ", ".join(f"{number} {what}" for what, number in sorted(counts.items()))
