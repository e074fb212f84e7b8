from collections import Counter

import pytest

from connectors.codecs.json_columns import JsonColumns
from dataflows.simulation.floor import MACHINES, TICK_NS
from dataflows.simulation.message import encode
from dataflows.simulation.mishaps import REFUSED, Mishap
from dataflows.simulation.schedule import SHORTEST_SPAN_NS
from dataflows.simulation.stream import Reading, Stream
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tests.dataflows.simulation.pipeline import MACHINES_PIPELINE
from tidegauge.batch import Counts, RawBatch
from tidegauge.spec.loader import load_pipeline

ORIGIN_NS = 1_767_600_000_000_000_000
PARTITIONS = 4


@pytest.fixture(scope="module")
def stream() -> Stream:
    return Stream(7, SHORTEST_SPAN_NS)


@pytest.fixture(scope="module")
def readings(stream: Stream) -> list[Reading]:
    return list(stream)


def test_every_machine_is_read_once_in_a_tick(readings: list[Reading]) -> None:
    read = Counter((reading.machine, reading.at_ns // TICK_NS) for reading in readings)
    assert set(read.values()) == {1}
    assert len(read) == len(MACHINES) * SHORTEST_SPAN_NS // TICK_NS


def test_readings_come_in_the_order_in_which_they_are_sent(readings: list[Reading]) -> None:
    sent = [reading.send_ns for reading in readings]
    assert sent == sorted(sent)
    assert sent[-1] < SHORTEST_SPAN_NS
    assert [reading.machine for reading in readings[: len(MACHINES)]] == list(range(len(MACHINES)))


def test_a_seed_gives_the_same_stream_again_and_another_one_does_not(stream: Stream) -> None:
    again, other = Stream(7, SHORTEST_SPAN_NS), Stream(8, SHORTEST_SPAN_NS)
    assert again.faults == stream.faults != other.faults
    assert next(iter(again)) == next(iter(stream)) != next(iter(other))


def test_nothing_befalls_the_readings_of_a_machine_with_a_fault(
    stream: Stream, readings: list[Reading]
) -> None:
    for fault in stream.faults:
        during = [
            reading.mishap
            for reading in readings
            if MACHINES[reading.machine] == fault.machine
            and fault.start_ns <= reading.at_ns < fault.end_ns
        ]
        assert set(during) == {Mishap.NONE}


def test_a_source_refuses_and_corrects_exactly_what_the_mishaps_say(
    readings: list[Reading],
) -> None:
    pipeline = load_pipeline(MACHINES_PIPELINE)
    plan = plan_intake("readings", pipeline.sources["readings"], JsonColumns)
    board, counts = ProgressBoard(), Counts()
    for partition in range(PARTITIONS):
        own = [reading for reading in readings if reading.machine % PARTITIONS == partition]
        intake = Intake(plan, partition, PARTITIONS, board, IntakeState())
        appended_ms = [(ORIGIN_NS + reading.send_ns) // 1_000_000 for reading in own]
        payloads = [encode(reading, ORIGIN_NS) for reading in own]
        counts += intake.take(RawBatch(payloads, range(len(own)), appended_ms)).counts
    befallen = Counter(reading.mishap for reading in readings)
    assert counts.read == len(readings)
    assert counts.dead_lettered == sum(befallen[mishap] for mishap in REFUSED)
    assert counts.corrections == befallen[Mishap.LATE]
    assert all(befallen[mishap] for mishap in Mishap)
