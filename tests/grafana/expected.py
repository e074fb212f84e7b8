"""What may be seen of an alert at a time, by the records that are stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grafana.alerting.late import longest_wait
from tests.grafana.rules import Labels
from tidegauge.durations import UNITS_NS
from tidegauge.spec.models import Pipeline

MOMENT_S = 300
"""How long what nothing resolves is seen."""


@dataclass(frozen=True)
class Record:
    """A record of an alert that is stored; times in seconds."""

    labels: Labels
    time_s: float
    told_s: float
    active: bool
    summary: str | None


@dataclass(frozen=True)
class Expected:
    """What a rule has to see, may see, and tells.

    Attributes:
        records: the records that are stored.
        pipeline: whose alert it is.
        step_s: time between two evaluations.
        back_s: how far the rule looks back.
        moment: whether nothing resolves the alert.
    """

    records: Iterable[Record]
    pipeline: Pipeline
    step_s: float
    back_s: float
    moment: bool

    def check(self, texts: Mapping[Labels, str], at_s: float) -> None:
        """Whether these are the series that fire at a time, and their texts."""
        stored = list(self.records)
        for labels in {record.labels for record in stored} | set(texts):
            of = [record for record in stored if record.labels == labels]
            fired = [record for record in of if record.active]
            if self._must(of, fired, at_s):
                assert labels in texts, (at_s, of)
            if not self._may(of, fired, at_s):
                assert labels not in texts, (at_s, of)
            if labels in texts:
                newest = max(fired, key=lambda record: record.time_s)
                assert newest.summary in {None, texts[labels]}, (at_s, texts[labels], fired)

    def _must(self, of: list[Record], fired: list[Record], at_s: float) -> bool:
        """Lasting, or told since the evaluation before."""
        just_told = any(0 <= at_s - record.told_s <= self.step_s for record in fired)
        return just_told or self._lasts(of, at_s)

    def _may(self, of: list[Record], fired: list[Record], at_s: float) -> bool:
        """For three times as long as it was late, and a while more."""
        wait_s = longest_wait(self.pipeline).total_ns / UNITS_NS["s"]
        while_s = (MOMENT_S if self.moment else self.step_s + 20) + max(30, wait_s)
        told = (at_s <= one.time_s + 4 * (one.told_s - one.time_s) + while_s for one in fired)
        return any(told) or self._lasts(of, at_s)

    def _lasts(self, of: list[Record], at_s: float) -> bool:
        past = [record for record in of if record.time_s <= at_s]
        last = max(past, key=lambda record: record.time_s, default=None)
        if self.moment or last is None:
            return False
        return last.active and at_s - last.time_s < self.back_s
