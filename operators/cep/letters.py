"""Dead letters of runs that were given up because of a limit."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from operators.cep.batch import Key
from operators.cep.plan import PatternPlan
from operators.cep.results import Result
from operators.intake.dead_letters import NONE_REFUSED
from operators.keygroups.names import MAX_GROUPS
from tidegauge.catalogue import DEAD_LETTERS
from tidegauge.records import TIME_NS, RecordBatch

KIND = "too_many_runs"


class RunLetters:
    """Writes letters of one key group, no two with the same time.

    A letter tells of all runs of a key that one activation gave up. Its time is the first event's
    of the oldest run, moved on so that it is the only one: the remainder by `MAX_GROUPS` is the
    number of the key group.

    Args:
        topics: topic of each source of the patterns.
        last_ns: time of the last letter of an earlier run.

    Attributes:
        group: number of the key group.
    """

    def __init__(self, topics: Sequence[str], last_ns: int = 0) -> None:
        self._topic = "+".join(topics)
        self.group = 0
        self.last_ns = last_ns

    def of(self, plans: Mapping[str, PatternPlan], dropped: Sequence[Result]) -> list[RecordBatch]:
        """Letters about runs that were given up; none for none."""
        by_key: dict[tuple[str, Key], list[Result]] = {}
        for result in dropped:
            by_key.setdefault((result.pattern, result.key), []).append(result)
        if not by_key:
            return []
        rows = [self._letter(plans[name], found) for (name, _), found in by_key.items()]
        return [RecordBatch(DEAD_LETTERS, pl.DataFrame(rows, schema=NONE_REFUSED.schema))]

    def _letter(self, plan: PatternPlan, dropped: Sequence[Result]) -> dict[str, Any]:
        first, last = dropped[0], dropped[-1]
        runs = sum(result.runs for result in dropped)
        at_ns = min(result.time_ns for result in dropped)
        least = max(at_ns - at_ns % MAX_GROUPS, self.last_ns - self.last_ns % MAX_GROUPS)
        self.last_ns = least + MAX_GROUPS + self.group
        about = {
            "pattern": plan.name,
            "key": dict(zip(plan.by, first.key, strict=True)),
            "runs": runs,
            "first_event_ns": at_ns,
        }
        return {
            TIME_NS: self.last_ns,
            "kind": KIND,
            "topic": self._topic,
            "partition": None,
            "offset": None,
            "reason": f"pattern {plan.name}: {last.reason}; {runs} unfinished run(s) of a key, the"
            " oldest, were given up",
            "detail": json.dumps(about),
            "payload": None,
            "encoding": None,
            "size": None,
        }
