"""What a run with faults gave, and whether it is as it should be."""

import statistics
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.chaos.faults import Plan
from benchmarks.chaos.records import Difference

RECOVERY_GOAL_S = 15.0
DRAIN_GOAL_S = 10.0


@dataclass
class Outcome:
    """What a run gave.

    Attributes:
        differences: by place and signal.
        recovery_s: from each kill to the first new message that readers see.
        drain_s: from each signal to the end of the last process.
        done: how often each fault was done.
        unexpected: why processes ended that were not told to.
        floors: how often the journal says that a partition was idle.
    """

    differences: dict[str, Difference] = field(default_factory=dict)
    recovery_s: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    floors: int = 0

    def report(self, plan: Plan) -> dict[str, Any]:
        """As one object; `met` says whether all is as it should be."""
        # What was told to end has saved all that it has written: nothing is made again.
        allowed = plan.delivery == "low_latency" and plan.disturbed
        signals = {
            name: asdict(one) | {"wrong": one.wrong(doubled_allowed=allowed)}
            for name, one in self.differences.items()
        }
        goals = {
            "recovery_s": _goal(self.recovery_s, RECOVERY_GOAL_S),
            "drain_s": _goal(self.drain_s, DRAIN_GOAL_S),
        }
        sums = {
            what: sum(one[what] for one in signals.values())
            for what in ("records", "lost", "doubled", "different", "extra")
        }
        same = bool(signals) and not any(one["wrong"] for one in signals.values())
        met = same and all(one["met"] for one in goals.values())
        told = asdict(plan) | {"messages_in_all": plan.total}
        rest = {
            "faults": dict(self.done),
            "floors": self.floors,
            "unexpected_ends": self.unexpected,
            "signals": signals,
        }
        return {"met": met, "same": same, **sums, **goals, **rest, "plan": told}


def _goal(measured: list[float], goal: float) -> dict[str, Any]:
    worst = max(measured, default=None)
    middle = statistics.median(measured) if measured else None
    return {
        "measured": None if worst is None else round(worst, 2),
        "median": None if middle is None else round(middle, 2),
        "count": len(measured),
        "goal": goal,
        "met": worst is None or worst <= goal,
    }
