"""What every kind of window begins with: events that count, with keys that compare."""

import math

import polars as pl

from operators.windows.collecting import wanted
from operators.windows.plan import declare_window
from tests.operators.windows.harness import make_source

SOURCE = make_source(bound=0, lateness=0)
PLAN = declare_window(
    "w", {"tumbling": {"size": "1s"}, "by": ["x"], "select": {"n": "count(*)"}}, SOURCE
)


def test_a_float_key_that_equals_another_looks_like_it() -> None:
    events = pl.DataFrame({"x": [-0.0, 0.0, math.nan, None, 2.5]})
    keys = wanted(PLAN, events)["x"].to_list()
    assert list(map(str, keys)) == ["0.0", "0.0", "None", "None", "2.5"]
