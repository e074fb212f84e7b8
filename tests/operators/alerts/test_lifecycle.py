"""Life cycles as timelines; `timelines` says how they are drawn."""

from typing import Any

import pytest

from tests.operators.alerts.timelines import drawn, group, plan, records, spend, told
from tests.operators.keygroups.engine import pickled

TIMELINES: dict[str, tuple[dict[str, Any], str]] = {
    "it fires at once, is told again while it fires, and is resolved": (
        {},
        """
        value   1  9  9  9  1  1
        told    .  F  f  f  R  .
        """,
    ),
    "it fires again after it was resolved": (
        {},
        """
        value   9  1  9  9  1
        told    F  R  F  f  R
        """,
    ),
    "it fires when the condition has held long enough in event time": (
        {"for": "3s"},
        """
        value   1  9  9  9  9  9  1
        told    .  P  .  .  F  f  R
        """,
    ),
    "what has not held long enough comes to nothing, and the time counts anew": (
        {"for": "3s"},
        """
        value   9  9  9  1  9  9  9  9  1
        told    P  .  .  I  P  .  .  F  R
        """,
    ),
    "with gaps it fires at the first evaluation after the time": (
        {"for": "3s"},
        """
        value   9  _  _  _  _  9  _  1
        told    P  .  .  .  .  F  .  R
        """,
    ),
    "a missing evaluation resolves nothing": (
        {},
        """
        value   9  _  _  _  9  _  1
        told    F  .  .  .  f  .  R
        """,
    ),
    "null is not true, and does not end what fires": (
        {},
        """
        value   -  9  -  9  1  -
        told    .  F  f  f  R  .
        """,
    ),
    "null is not true, and resets what is pending": (
        {"for": "2s"},
        """
        value   9  9  -  9  9  9  1
        told    P  .  I  P  .  F  R
        """,
    ),
    "with clear it fires until that is true": (
        {"clear": "spend.total < 3"},
        """
        value   9  4  4  9  3  2  4  9
        told    F  f  f  f  f  R  .  F
        """,
    ),
    "a null clear condition keeps it firing": (
        {"clear": "spend.total < 3"},
        """
        value   9  4  -  -  2
        told    F  f  f  f  R
        """,
    ),
    "what is pending does not need clear to be reset": (
        {"clear": "spend.total < 3", "for": "2s"},
        """
        value   9  4  9  9  9  4  2
        told    P  I  P  .  F  f  R
        """,
    ),
    "rows for which where is not true are no evaluations": (
        {"where": "total <> 1"},
        """
        value   9  1  9  2  9  1
        told    F  .  f  R  F  .
        """,
    ),
}


@pytest.mark.parametrize(("settings", "timeline"), TIMELINES.values(), ids=list(TIMELINES))
@pytest.mark.parametrize("cut", ["in one batch", "a batch a row", "a restart after each row"])
def test_timeline(settings: dict[str, Any], timeline: str, cut: str) -> None:
    rows, expected = drawn(timeline)
    alert = plan(**settings)
    watching = group(alert)
    made = []
    for part in [rows] if cut == "in one batch" else [[row] for row in rows]:
        made += watching.take([spend(part)])
        if cut == "a restart after each row":
            watching = group(alert, snapshot=pickled(watching.snapshot()))
    assert told(records(made), len(expected)) == expected
