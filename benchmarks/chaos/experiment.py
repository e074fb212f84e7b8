"""One run with faults and one without, over the same input and journal."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.chaos.faults import Plan, Servers
from benchmarks.chaos.feeder import Feeder
from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.records import compare_records, read_records
from benchmarks.chaos.subject import LAST_BATCH, Subject, subject, undisturbed
from benchmarks.chaos.tormentor import Tormentor, end, wait_until_through
from benchmarks.chaos.watcher import Watcher
from tests.dataflows.shop.events import BUSY, SLEEPING, Message, tell
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka

RATE = 600
"""Messages a second, while there is no hurry."""
NS_PER_MS = 1_000_000
_LATER_MS = 300_000
"""So long after the story's last event time the events come that close its windows."""

Tell = Callable[[str], None]


def run(plan: Plan, kafka: Kafka, influxdb: InfluxDB, servers: Servers, say: Tell) -> Outcome:
    """Disturb a flow as planned, then run it undisturbed, and compare what both wrote.

    Raises:
        ChaosError: a flow did not come to its end.
    """
    outcome = Outcome()
    story = tell(plan.total, plan.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegauge-chaos-")))
        options = plan.delivery, plan.launcher, plan.epoch
        flow = stack.enter_context(subject(folder, kafka, influxdb, *options))
        flow.make_ready()
        last_ms = max(event["ts"] for _, event in story.events)
        closing_ms = last_ms + _LATER_MS
        messages = [*story.messages, *_closing(closing_ms)]
        _disturbed(plan, flow, servers, messages, last_ms * NS_PER_MS, outcome, say)
        found = read_records(flow.copy, closing_ms * NS_PER_MS)
        outcome.floors = flow.floors
        say("the same without faults")
        flow.forget()
        flow.make_ready()
        _to_the_end(undisturbed(flow), influxdb.url, last_ms * NS_PER_MS)
        outcome.differences = compare_records(
            read_records(flow.copy, closing_ms * NS_PER_MS), found
        )
    return outcome


def _closing(time_ms: int) -> list[Message]:
    """An event in each partition that closes all windows of the story, and is in none of them."""
    value = f'{{"ts": {time_ms}, "status": "ok"}}'
    return [Message(partition, None, value) for partition in (*BUSY, SLEEPING)]


def _disturbed(
    plan: Plan,
    flow: Subject,
    servers: Servers,
    messages: list[Message],
    last_ns: int,
    outcome: Outcome,
    say: Tell,
) -> None:
    with ExitStack() as stack:
        feeder = stack.enter_context(Feeder(flow.copy.kafka, flow.topic, messages, RATE).running())
        watcher = stack.enter_context(Watcher(flow.copy.kafka, flow.outputs).running())
        tormentor = Tormentor(plan, flow, servers, feeder, watcher, outcome)
        for fault in plan.faults(kafka_is_ours=servers.kafka is not None):
            say(fault)
            tormentor.run(fault)
        say("the rest of the input")
        feeder.finish()
        tormentor.last_run(servers.proxy.url, last_ns)


def _to_the_end(flow: Subject, influxdb_url: str, last_ns: int) -> None:
    watcher = Watcher(flow.copy.kafka, flow.outputs)
    with watcher.running(), flow.running(1, influxdb_url, LAST_BATCH) as members:
        wait_until_through(flow, watcher, last_ns)
        end(members)
