"""What a demo ends with: numbers that SQL counts in its store."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dataflows.simulation.message import iso8601
from dataflows.simulation.truth import Truth
from tidegauge.cli._demo import records
from tidegauge.cli._demo.options import Options
from tidegauge.cli._demo.records import Records
from tidegauge.cli._demo.score import score


@dataclass(frozen=True, slots=True)
class Summary:
    """The numbers.

    Attributes:
        seconds, seed: what was asked for.
        events: messages that the flow read.
        events_per_second: over the time from its first to its last count of them.
        windows: results of windows; `corrected` of them were made again after late events.
        latency_p50_ms, latency_p99_ms: from the broker's append of the record that closed a window
            to its result.
        dead_letters: refused messages by kind.
        alerts: how many times an alert began to fire.
        injected, found, false_alarms: faults put in, faults found, and alarms without a fault.
        missed, unexplained: which ones.
        passed: whether that is good enough.
        store, truth: where the records and the injected faults are.
    """

    seconds: int
    seed: int
    events: int
    events_per_second: float
    windows: int
    corrected: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    dead_letters: dict[str, int]
    alerts: int
    injected: int
    found: int
    false_alarms: int
    missed: list[dict[str, str]]
    unexplained: list[dict[str, str]]
    passed: bool
    store: str
    truth: str

    def as_json(self) -> dict[str, Any]:
        """The numbers under their names."""
        return asdict(self)


def summarise(options: Options, store: Records, truths: Sequence[Truth]) -> Summary:
    """The summary of a demo that has ended."""
    scored = score(truths, store.firings())
    events, seconds = store.value(records.EVENTS), store.value(records.SECONDS)
    return Summary(
        seconds=options.seconds,
        seed=options.seed,
        events=events,
        events_per_second=round(events / seconds, 1) if seconds else 0.0,
        windows=store.value(records.WINDOWS),
        corrected=store.value(records.CORRECTED),
        latency_p50_ms=store.value(records.LATENCY, [50]),
        latency_p99_ms=store.value(records.LATENCY, [99]),
        dead_letters=store.dead_letters(),
        alerts=store.value(records.ALERTS),
        injected=len(truths),
        found=len(scored.found),
        false_alarms=len(scored.false_alarms),
        missed=[
            {"machine": truth.machine, "kind": truth.kind, "start": iso8601(truth.start_ns)}
            for truth in scored.missed
        ],
        unexplained=[
            {"machine": alarm.machine, "alert": alarm.alert, "start": iso8601(alarm.start_ns)}
            for alarm in scored.false_alarms
        ],
        passed=scored.passed,
        store=str(options.store),
        truth=str(options.truth),
    )
