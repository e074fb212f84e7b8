"""What is read, and by whom."""

from benchmarks.load import Load
from benchmarks.runs import Run

RUNS = {
    "bare": Run("bare"),
    "tumbling": Run("flow"),
    "sliding": Run("flow", size_s=60),
    "tumbling, two processes": Run("flow", processes=2),
    "sliding, two processes": Run("flow", size_s=60, processes=2),
    "tumbling, saved every 10 s": Run("flow", recovery_s=10),
    "sliding, saved every 1 s": Run("flow", size_s=60, recovery_s=1),
    "tumbling, stock": Run("stock"),
    "sliding, stock": Run("stock", size_s=60),
}


LONG = frozenset({"long", "wide, ten times"})
"""Topics that take a while to fill and to read."""


def topics(events: int) -> dict[str, Load]:
    """The topics by name, for so many events in most of them.

    But for `sparse` and `wide`, each key has one event a second of event time.
    """
    return {
        "1,000 keys": Load(events),
        "1,000 keys, disordered": Load(events, disordered=True),
        "10,000 keys": Load(events, 10_000, 100),
        "100,000 keys": Load(events, 100_000, 10),
        "sparse": Load(events // 2, 10_000, 10_000),
        "stock": Load(events // 5),
        "short": Load(events // 2),
        "long": Load(events * 5),
        "wide": Load(events * 6 // 10, 100_000, 100),
        "wide, ten times": Load(events * 6, 100_000, 100),
    }
