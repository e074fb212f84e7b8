"""Fuzzers: whatever comes from outside ends in a result or in one of our own errors.

In the suite each tries about a hundred inputs, and every other property as many as a developer
waits for; `make fuzz` lets them try as many as it is told.
"""

import os


def examples(usual: int) -> int:
    """How many inputs to try: as many as usual, or as TIDEGAUGE_FUZZ says."""
    return int(os.environ.get("TIDEGAUGE_FUZZ", usual))


def times(usual: int) -> int:
    """How many examples of a property to try: as usual, or TIDEGAUGE_TIMES as many."""
    return usual * int(os.environ.get("TIDEGAUGE_TIMES", "1"))
