"""The worst delay from an event to its notification, and what it is made of.

It counts from the end of the window that decides (from the event, where the alert is about single
events): before that nobody can know the result. What the pipeline file itself asks to wait for is
not delay but condition: the rest of the window after the event, and `for`. A partition that falls
silent holds the window back by up to `idle_after` more; a stream that flows does not.
"""

from dataclasses import dataclass

from grafana.alerting.levels import CRITICAL_ABOVE, pace
from grafana.alerting.look_back import rewritten_ns
from grafana.subject import Subject
from tidegauge.catalogue import EVENT_LEVEL
from tidegauge.durations import UNITS_NS
from tidegauge.durations import format_duration_ns as duration
from tidegauge.expressions.conditions import read_condition
from tidegauge.expressions.targets import window_of
from tidegauge.spec.mistakes import Problem
from tidegauge.spec.models import Alert, Pipeline, Window

LIMIT_NS = 30 * UNITS_NS["s"]
"""A critical alert must be told before this."""
FLOW_NS = UNITS_NS["s"]
"""Allowance for a flow that keeps up: read, compute, store. `latency_ms` shows the truth."""
SENDING_NS = UNITS_NS["s"]
"""Allowance for Grafana's query and for handing over the message."""


@dataclass(frozen=True, slots=True)
class Delay:
    """The delay of an alert.

    Attributes:
        alert: its name.
        level: its level.
        start: where it is counted from.
        parts: what it is made of, with durations.
        conditions: what comes before or is part of the condition, in words.
    """

    alert: str
    level: int
    start: str
    parts: tuple[tuple[str, int], ...]
    conditions: tuple[str, ...]

    @property
    def total_ns(self) -> int:
        """The worst delay."""
        return sum(part for _, part in self.parts)

    @property
    def too_long(self) -> bool:
        """Whether it is more than a critical alert may take."""
        return self.level > CRITICAL_ABOVE and self.total_ns >= LIMIT_NS

    @property
    def sum(self) -> str:
        """The parts, added up."""
        parts = " + ".join(f"{name} {duration(part)}" for name, part in self.parts)
        return f"{duration(self.total_ns)} = {parts}"

    def __str__(self) -> str:
        more = f"; not counted, for they are the condition: {', '.join(self.conditions)}"
        told = f"{self.alert} (level {self.level}): told at most {self.sum}"
        return f"{told}, from {self.start}{more if self.conditions else ''}"


def delays(subject: Subject) -> list[Delay]:
    """The delay of every alert of a pipeline, and of events with a level of their own."""
    pipeline = subject.pipeline
    found = [_delay(pipeline, name, alert) for name, alert in pipeline.alerts.items()]
    parts = (("flow", FLOW_NS), *_grafana(CRITICAL_ABOVE + 1))
    return [*found, Delay(EVENT_LEVEL, CRITICAL_ABOVE + 1, "the event", parts, ())]


def too_long(delay: Delay, pipeline: Pipeline) -> Problem:
    """What is wrong with a critical alert that is told too late."""
    when = read_condition(pipeline.alerts[delay.alert].when, pipeline)
    source = _source(pipeline, window_of(pipeline, when.kind, when.target) or when.target)
    message = (
        f"told up to {delay.sum} after {delay.start}; allowed above level {CRITICAL_ABOVE}: less"
        f" than {duration(LIMIT_NS)}; lower sources.{source}.event_time.out_of_orderness or this"
    )
    return Problem(("alerts", delay.alert, "level"), message)


def _delay(pipeline: Pipeline, name: str, alert: Alert) -> Delay:
    when = read_condition(alert.when, pipeline)
    target = when.target
    if when.kind == "anomaly":
        target = pipeline.anomalies[target].target
    if when.kind in ("forecast", "prediction"):
        target = window_of(pipeline, when.kind, when.target) or target
    window = pipeline.windows.get(target)
    time = pipeline.sources[_source(pipeline, target)].event_time
    pattern = pipeline.patterns.get(target)
    waited_ns = 0 if pattern and pattern.order == "arrival" else time.out_of_orderness
    conditions = []
    if pattern and pattern.within and (when.kind == "timeout" or "!" in pattern.match):
        conditions.append(f"up to {duration(pattern.within)} to the end of the pattern's window")
    if window:
        conditions.append(_to_the_end(window))
    if when.kind == "forecast":
        conditions.append(f"up to {duration(rewritten_ns(pipeline, alert))} to the next forecast")
    if alert.for_:
        conditions.append(f"for {duration(alert.for_)}")
    return Delay(
        name,
        alert.level,
        "the end of the window" if window else "the event",
        (
            ("out-of-orderness", waited_ns),
            ("flow", FLOW_NS),
            *_grafana(alert.level),
        ),
        tuple(conditions),
    )


def _to_the_end(window: Window) -> str:
    """What is waited for before a window can be judged, in words."""
    if window.session:
        return f"the rest of the session and its gap of {duration(window.session.gap)}"
    if window.count:
        return f"the rest of the {window.count.size:,} events"
    return f"up to {duration(window.every_ns or 0)} to the end of the window"


def _grafana(level: int) -> tuple[tuple[str, int], ...]:
    """An alert either opens a notification or joins one; the longer wait counts."""
    found = pace(level)
    waits = ("group wait", found.group_wait_ns), ("group interval", found.group_interval_ns)
    longest = max(waits, key=lambda wait: wait[1])
    return ("evaluation interval", found.evaluation_ns), longest, ("query and sending", SENDING_NS)


def _source(pipeline: Pipeline, target: str) -> str:
    """The source that is waited for; of several the one with the most disorder."""
    if target in pipeline.anomalies and target not in pipeline.windows:
        target = pipeline.anomalies[target].target
    joined = pipeline.windows.get(target) or pipeline.patterns.get(target)
    sources = joined.from_ if joined else (target,)
    return max(sources, key=lambda name: pipeline.sources[name].event_time.out_of_orderness)
