"""Signals to the processes of a cluster: asked once they save and end, asked twice they end."""

import signal
from pathlib import Path

import pytest

from benchmarks.flow_process import Member, Shape, free_ports, running_flow, wait_for_end
from tests.dataflows.interrupted import DEADLINE_S, Interrupted, ask_to_end, interrupted, wait
from tests.dataflows.shop.events import BUSY, tell
from tests.services.kafka import Kafka
from tests.services.process import wait_until

ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def has_rows(flow: Interrupted, members: list[Member]) -> None:
    """Send some of a story and wait until there are window rows."""
    flow.send(tell(2_000, partitions=BUSY).messages)
    wait(lambda: bool(flow.rows()), members)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("shape", [Shape(workers=2), Shape(processes=2)], ids=str)
def test_asked_once_all_end_with_code_0(
    tmp_path: Path, kafka: Kafka, shape: Shape, sign: signal.Signals
) -> None:
    with interrupted(tmp_path, kafka, None) as flow, flow.running(shape) as members:
        has_rows(flow, members)
        ask_to_end(members, sign)


def test_a_signal_to_one_of_two_processes_ends_both(tmp_path: Path, kafka: Kafka) -> None:
    """By a note in the journal, which those who replay it pass over."""
    with interrupted(tmp_path, kafka, None) as flow:
        with flow.running(Shape(processes=2)) as members:
            has_rows(flow, members)
            members[1].process.send_signal(signal.SIGTERM)
            wait_for_end(members, DEADLINE_S)
        flow.send(tell(100, partitions=BUSY).messages)
        with flow.running(Shape(processes=2)) as members:
            flow.wait_until_saved(members)
            ask_to_end(members)


def test_one_that_is_asked_again_does_not_wait_for_the_others(tmp_path: Path, kafka: Kafka) -> None:
    shape = Shape(processes=2)
    with interrupted(tmp_path, kafka, None) as flow, flow.running(shape) as members:
        has_rows(flow, members)
        process, other = (member.process for member in members)
        other.send_signal(signal.SIGSTOP)  # so that what is drained has to wait for it

        def asked() -> bool:
            process.send_signal(signal.SIGTERM)
            return process.poll() is not None

        assert wait_until(asked, seconds=DEADLINE_S)
        assert process.returncode == ENDED_BY_SIGTERM


def test_one_that_waits_for_the_others_to_start_ends_at_once(tmp_path: Path, kafka: Kafka) -> None:
    place = ["-i", "1", "-a", ";".join(f"127.0.0.1:{port}" for port in free_ports(2))]
    with (
        interrupted(tmp_path, kafka, None) as flow,
        running_flow(flow.copy.path, Shape(), flow.copy.environment, place) as (member,),
    ):
        wait(lambda: "error connecting" in member.output, [member])
        member.process.terminate()
        assert member.process.wait(DEADLINE_S) == ENDED_BY_SIGTERM
