"""Windows of every kind and a stream of events, of which an earlier version saved the middle."""

from typing import Any

from operators.windows.plan import WindowPlan
from tests.operators.windows.harness import make_plan, make_source

SOURCE = make_source(bound=20, lateness=60)
SELECT = {"n": "count(*)", "s": "std_dev(v)", "x": "max(q)", "t": "top(j, 2)", "l": "last(v)"}
KINDS: dict[str, dict[str, Any]] = {
    "tumbling": {"tumbling": {"size": "100ms"}},
    "sliding": {"tumbling": None, "sliding": {"size": "100ms", "every": "50ms"}},
    "session": {"tumbling": None, "session": {"gap": "30ms"}},
    "count": {"tumbling": None, "count": {"size": 3}},
    "cumulative": {"tumbling": None, "cumulative": {"size": "200ms", "every": "50ms"}},
}
EVENTS = [
    {"ts": ts, "k": key, "j": ts % 3, "v": float(ts % 7), "q": ts % 5}
    for ts, key in zip(
        [5, 40, 60, 30, 120, 75, 170, 140, 110, 260, 205, 300, 240, 420, 380, 500, 640],
        "aabacabcabdabeaba",
        strict=True,
    )
]
CUT = 9


def plans() -> list[WindowPlan]:
    """A window of each kind."""
    return [
        make_plan(SOURCE, size=100, name=name, by=["k"], select=SELECT, **kind)
        for name, kind in KINDS.items()
    ]
