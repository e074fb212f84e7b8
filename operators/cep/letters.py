"""Dead letters of runs that were given up because of a limit, and of events that came late."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from operators.cep.batch import Key
from operators.cep.plan import PatternPlan
from operators.cep.results import Result
from operators.intake.dead_letters import NONE_REFUSED
from operators.keygroups.names import MAX_GROUPS, apart_ns
from operators.ordering.identity import PARTITION
from operators.progress.joined import in_its_source, source_number
from tidegauge.batch import OFFSET, TIME
from tidegauge.catalogue import DEAD_LETTERS
from tidegauge.payloads import letter_detail, letter_reason
from tidegauge.records import TIME_NS, RecordBatch

KIND = "too_many_runs"
LATE = "late"
"""Kind of those about events that their source called in time, as of those that it called late."""


class RunLetters:
    """Writes letters of one key group, no two with the same time.

    A letter tells of all runs of a key that one activation gave up. Its time is the first event's
    of the oldest run, moved on so that it is the only one: the remainder by `MAX_GROUPS` is the
    number of the key group.

    Args:
        topics: topic of each source of the patterns, in their order.
        last_ns: time of the last letter of an earlier run.

    Attributes:
        group: number of the key group.
    """

    def __init__(self, topics: Mapping[str, str], last_ns: int = 0) -> None:
        self._topics = list(topics.items())
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
        about = {
            "pattern": plan.name,
            "key": dict(zip(plan.by, first.key, strict=True)),
            "runs": runs,
            "first_event_ns": at_ns,
        }
        reason = (
            f"pattern {plan.name}: {last.reason}; {runs} unfinished run(s) of a key, the oldest,"
            " were given up"
        )
        topic = "+".join(topic for _, topic in self._topics)
        return self._row(at_ns, KIND, (topic, None, None), reason, about)

    def of_late(self, patterns: Sequence[str], late: pl.DataFrame) -> list[RecordBatch]:
        """Letters about events that came behind the watermark, one for each partition.

        Args:
            patterns: names of the patterns that do not see them.
            late: the events.
        """
        rows = []
        for (partition,), events in late.group_by(PARTITION, maintain_order=True):
            source, topic = self._topics[source_number(int(partition))]
            first, last = events[OFFSET].min(), events[OFFSET].max()
            begin_ns: int = events[TIME].min()  # type: ignore[assignment]  # Int64 without nulls
            about = {
                "patterns": list(patterns),
                "source": source,
                "events": events.height,
                "first_event_ns": begin_ns,
                "last_event_ns": events[TIME].max(),
                "offsets": [first, last],
            }
            reason = (
                f"patterns {', '.join(patterns)}: {events.height} event(s) came behind the"
                " watermark, after what follows them was looked at"
            )
            place = topic, in_its_source(int(partition)), first
            at_ns = begin_ns + apart_ns(f"patterns {'+'.join(dict(self._topics))}")
            rows.append(self._row(at_ns, LATE, place, reason, about))
        return [RecordBatch(DEAD_LETTERS, pl.DataFrame(rows, schema=NONE_REFUSED.schema))]

    def _row(
        self,
        at_ns: int,
        kind: str,
        place: tuple[str, int | None, Any],
        reason: str,
        about: Mapping[str, Any],
    ) -> dict[str, Any]:
        least = max(at_ns - at_ns % MAX_GROUPS, self.last_ns - self.last_ns % MAX_GROUPS)
        self.last_ns = least + MAX_GROUPS + self.group
        topic, partition, offset = place
        return {
            TIME_NS: self.last_ns,
            "kind": kind,
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "reason": letter_reason(reason),
            "detail": letter_detail(about),
            "payload": None,
            "encoding": None,
            "size": None,
        }
