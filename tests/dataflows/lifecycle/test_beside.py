"""Threads beside a flow: the flow ends when one dies."""

import threading
from collections.abc import Callable, Iterator

import pytest
import structlog

from connectors.tables.follower import Follower
from dataflows.lifecycle.beside import Beside
from tests.services.process import wait_until
from tidegauge.errors import Stop


@pytest.fixture
def beside() -> Iterator[Beside]:
    before = threading.excepthook
    made = Beside(lambda: False)
    made.watch()
    yield made
    threading.excepthook = before


def die(work: Callable[[], None], name: str = "worker") -> None:
    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()


def wait_long(beside: Beside) -> None:
    for _ in range(20):
        beside.waits("Kafka")


def stops() -> None:
    raise Stop("kafka: topic 't' was deleted")


def breaks() -> None:
    raise KeyError("absent")


def test_while_all_threads_live_it_asks_whether_to_end() -> None:
    asked = [False, True]
    one = Beside(lambda: asked.pop(0))
    assert [one(), one()] == [False, True]


def test_what_a_thread_has_stopped_for_is_raised_where_sources_ask(beside: Beside) -> None:
    die(stops)
    die(breaks)
    with pytest.raises(Stop, match="'t' was deleted"):
        beside()


def test_another_fault_is_raised_with_the_thread_and_its_cause(beside: Beside) -> None:
    die(breaks, "table of customers")
    with pytest.raises(RuntimeError, match="thread 'table of customers'") as raised:
        beside()
    assert isinstance(raised.value.__cause__, KeyError)


def test_what_a_thread_has_stopped_for_is_raised_where_a_sink_waits(beside: Beside) -> None:
    beside.waits("Kafka")
    die(stops)
    with pytest.raises(Stop, match="'t' was deleted"):
        beside.waits("Kafka")


def test_a_sink_that_holds_up_the_end_is_told_once(beside: Beside) -> None:
    with structlog.testing.capture_logs() as told:
        wait_long(beside)
        assert told == []
        beside._asked = lambda: True
        wait_long(beside)
    (line,) = told
    assert line["reason"] == "Kafka"


def test_a_flow_that_was_asked_to_end_saves_its_state_unless_a_sink_waits_long(
    beside: Beside,
) -> None:
    die(stops)
    beside._asked = lambda: True
    beside.waits("Kafka")
    with pytest.raises(Stop, match="'t' was deleted"):
        wait_long(beside)


def test_a_flow_that_was_asked_to_end_saves_its_state_all_the_same(beside: Beside) -> None:
    die(breaks)
    beside._asked = lambda: True
    assert beside()


class BrokenTable:
    """A table whose reader has a fault that nobody has foreseen."""

    every_s = 0.001

    def load(self) -> None: ...

    def poll(self) -> None:
        breaks()

    def close(self) -> None: ...


def test_a_table_whose_follower_dies_is_told(beside: Beside) -> None:
    follower = Follower([BrokenTable()])
    follower.start()
    assert wait_until(lambda: beside._died is not None, seconds=60)
    follower.stop()
    with pytest.raises(RuntimeError, match="thread 'table'"):
        beside()
