"""Delivery under faults, in short; and that the check can fail."""

from collections.abc import Iterator

import pytest

from benchmarks.chaos.experiment import run
from benchmarks.chaos.faults import Fault, Plan, Servers
from benchmarks.chaos.outcome import Outcome
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.records import Records, compare_records
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka

SHORT = Plan(kills=2, drains=0, messages=800)


@pytest.fixture
def servers(influxdb: InfluxDB) -> Iterator[Servers]:
    """Servers that others use, too: nothing of them may be stopped."""
    with Proxy(influxdb.url).running() as proxy:
        yield Servers(proxy)


def report(plan: Plan, kafka: Kafka, influxdb: InfluxDB, servers: Servers) -> Outcome:
    return run(plan, kafka, influxdb, servers, lambda _: None)


def test_a_flow_that_was_killed_wrote_what_an_undisturbed_one_writes(
    kafka: Kafka, influxdb: InfluxDB, servers: Servers
) -> None:
    """Killed while InfluxDB stalls; one of two processes killed; told to end at the end."""
    found = report(SHORT, kafka, influxdb, servers).report(SHORT)
    assert found["same"], [one["examples"] for one in found["signals"].values()]
    for name in ("per_till", "given_back", "given_back_timeouts", "ahead"):
        assert found["signals"][f"kafka/{name}"]["records"] > 0, name
    assert found["signals"]["influxdb/dead_letters"]["records"] > 0
    assert found["floors"] > 0
    assert found["unexpected_ends"] == []


def test_a_sink_that_acknowledges_before_it_writes_is_found(
    kafka: Kafka, influxdb: InfluxDB, servers: Servers
) -> None:
    broken = Plan(kills=1, drains=0, messages=1_000, launcher="benchmarks.chaos.broken")
    found = report(broken, kafka, influxdb, servers).report(broken)
    assert not found["met"]
    assert found["lost"] > 0


def test_each_way_to_kill_is_planned_as_often_as_the_others() -> None:
    plan = Plan(kills=8, drains=2, broker_restarts=1, stop_influxdb_s=60)
    faults = plan.faults(kafka_is_ours=True)
    assert [faults.count(fault) for fault in Fault] == [2, 2, 2, 2, 2, 1, 1]
    assert faults == plan.faults(kafka_is_ours=True)


def test_what_is_lost_doubled_different_or_too_much_is_counted() -> None:
    expected: Records = {"kafka/a": [((number,), {"x": float(number)}) for number in range(4)]}
    found: Records = {
        "kafka/a": [((0,), {"x": 0}), ((1,), {"x": 1.1}), ((2,), {"x": 2.0}), ((2,), {"x": 2.0})],
        "kafka/b": [((0,), {})],
    }
    compared = compare_records(expected, found)
    one, other = compared["kafka/a"], compared["kafka/b"]
    assert (one.records, one.lost, one.doubled, one.different, one.extra) == (4, 1, 1, 1, 0)
    assert (other.records, other.extra) == (0, 1)
    assert other.wrong(doubled_allowed=True)
