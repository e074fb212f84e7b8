import pickle

import pytest

from operators.progress.watermark import Reached, Watermark
from tidegauge.batch import END_OF_TIME, NO_TIME, PartitionState, Progress
from tidegauge.errors import Stop
from tidegauge.journal import Floor

ACTIVE, IDLE, FINISHED = PartitionState.ACTIVE, PartitionState.IDLE, PartitionState.FINISHED


def told(
    watermark: Watermark, partition: int, at: int, state: PartitionState = ACTIVE, of: int = 2
) -> int:
    watermark.observe(Progress("s", partition, of, at, state, 0))
    return watermark.value_ns


def test_it_is_the_minimum_over_the_partitions() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    assert told(watermark, 1, 7) == 7
    assert told(watermark, 1, 12) == 10
    assert told(watermark, 0, 11) == 11


def test_it_waits_until_every_partition_has_been_heard_of() -> None:
    watermark = Watermark()
    assert told(watermark, 0, 10, of=3) == NO_TIME
    assert told(watermark, 1, 10, of=3) == NO_TIME
    assert told(watermark, 2, 5, of=3) == 5


def test_a_partition_without_events_holds_it_back_until_it_is_idle() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    assert told(watermark, 1, NO_TIME) == NO_TIME
    assert told(watermark, 1, NO_TIME, IDLE) == 10


def test_it_never_falls() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 3, IDLE)
    assert told(watermark, 1, 4) == 10


def test_it_stays_while_all_are_idle() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 12)
    assert told(watermark, 0, 10, IDLE) == 12
    assert told(watermark, 1, 12, IDLE) == 12


def test_a_finished_partition_holds_nothing_back() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    assert told(watermark, 1, 3, FINISHED) == 10


def test_when_all_are_finished_it_is_the_end_of_time() -> None:
    watermark = Watermark()
    told(watermark, 0, 10, FINISHED)
    assert told(watermark, 1, 3, FINISHED) == END_OF_TIME


def test_idle_ones_may_still_wake_and_keep_time_from_ending() -> None:
    watermark = Watermark()
    told(watermark, 0, 10, FINISHED)
    assert told(watermark, 1, 3, IDLE) == NO_TIME


def test_after_a_restart_one_that_was_idle_is_awaited_again() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 3, IDLE)
    restarted = Watermark.restore(pickle.loads(pickle.dumps(watermark.snapshot())))  # noqa: S301 - made here
    assert told(restarted, 0, 50) == 10
    assert told(restarted, 1, 20) == 20


def test_after_a_restart_the_active_ones_are_known() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 12)
    restarted = Watermark.restore(pickle.loads(pickle.dumps(watermark.snapshot())))  # noqa: S301 - made here
    assert told(restarted, 0, 11) == 11


def test_a_new_partition_holds_it_back() -> None:
    restarted = Watermark(10, {0: Reached(10, ACTIVE), 1: Reached(12, ACTIVE)})
    assert told(restarted, 0, 20, of=3) == 10
    assert told(restarted, 1, 20, of=3) == 10
    assert told(restarted, 2, 15, of=3) == 15


def test_after_the_end_of_time_more_events_stop_the_flow() -> None:
    watermark = Watermark(END_OF_TIME, {0: Reached(10, FINISHED)})
    told(watermark, 0, 10, FINISHED, of=1)
    with pytest.raises(Stop, match=r"read s to its end and closed every window, .* empty recovery"):
        told(watermark, 0, 11, ACTIVE, of=1)


class Journaled:
    """The watermark of two partitions whose idleness a journal tells."""

    def __init__(self) -> None:
        self.watermark = Watermark()

    def told(self, partition: int, at: int, offset: int, state: PartitionState = ACTIVE) -> int:
        self.watermark.observe(Progress("s", partition, 2, at, state, 0, offset))
        return self.watermark.value_ns

    def floor(self, partition: int, offset: int, at: int) -> int:
        self.watermark.observe(Floor("s", "t", partition, offset, at, "run"))
        return self.watermark.value_ns


def test_with_a_journal_an_idle_partition_lets_pass_what_its_floor_says() -> None:
    flow = Journaled()
    flow.told(0, 50, 5)
    assert flow.told(1, 10, 3, IDLE) == 10
    assert flow.floor(1, 3, 30) == 30
    assert flow.floor(1, 3, 70) == 50


def test_a_floor_waits_until_the_partition_has_come_to_its_offset() -> None:
    flow = Journaled()
    flow.told(0, 50, 5)
    flow.told(1, 10, 3)
    assert flow.floor(1, 4, 30) == 10
    assert flow.told(1, 11, 4) == 30


def test_a_floor_ends_where_the_partition_goes_on() -> None:
    flow = Journaled()
    flow.told(0, 50, 5)
    flow.told(1, 10, 3, IDLE)
    flow.floor(1, 3, 30)
    flow.told(0, 90, 6)
    assert flow.told(1, 35, 4) == 35
    assert flow.floor(1, 3, 80) == 35


def test_floors_of_all_partitions_move_it_while_nothing_comes() -> None:
    flow = Journaled()
    flow.told(0, 50, 5, IDLE)
    flow.told(1, 10, 3, IDLE)
    flow.floor(1, 3, 60)
    assert flow.floor(0, 5, 61) == 60
    assert flow.floor(1, 3, 99) == 61


def test_a_partition_without_events_lets_pass_what_its_floor_says() -> None:
    flow = Journaled()
    flow.told(0, 50, 5)
    assert flow.told(1, NO_TIME, 0, IDLE) == NO_TIME
    assert flow.floor(1, 0, 40) == 40


def test_floors_outlive_a_restart() -> None:
    flow = Journaled()
    flow.told(0, 50, 5)
    flow.told(1, 10, 3, IDLE)
    flow.floor(1, 3, 30)
    flow.floor(0, 6, 80)
    restarted = Journaled()
    restarted.watermark = Watermark.restore(pickle.loads(pickle.dumps(flow.watermark.snapshot())))  # noqa: S301 - made here
    assert restarted.floor(1, 3, 40) == 40
    assert restarted.told(1, 90, 4) == 50
    assert restarted.told(0, 51, 6) == 80


def test_a_floor_that_comes_before_any_progress_moves_nothing() -> None:
    flow = Journaled()
    assert flow.floor(1, 3, 30) == NO_TIME
    assert flow.told(1, 10, 3) == NO_TIME
    assert flow.told(0, 20, 1) == 20


def test_after_the_end_of_time_floors_change_nothing() -> None:
    watermark = Watermark(END_OF_TIME, {0: Reached(10, FINISHED, 3)})
    watermark.observe(Floor("s", "t", 0, 3, 30, "run"))
    assert watermark.value_ns == END_OF_TIME


def test_it_waits_for_a_new_partition_from_when_anyone_tells_of_it() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 7)
    assert told(watermark, 0, 30, of=3) == 7
    assert told(watermark, 1, 40, of=2) == 7
    assert told(watermark, 2, NO_TIME, PartitionState.WAITING, of=3) == 7
    assert told(watermark, 2, 25, of=3) == 25


def test_that_there_is_a_new_partition_outlives_a_restart() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 7)
    told(watermark, 0, 30, of=3)
    again = Watermark.restore(pickle.loads(pickle.dumps(watermark.snapshot())))  # noqa: S301 - made here
    again.observe(Floor("s", "t", 1, 0, 99, "run"))
    assert told(again, 1, 40, of=2) == 7


def test_a_state_of_an_earlier_version_knows_the_partitions_that_it_has() -> None:
    saved = {"value_ns": 7, "partitions": {0: (10, ACTIVE, 1), 1: (7, ACTIVE, 1)}, "floors": {}}
    again = Watermark.restore(saved)
    assert told(again, 0, 30) == 7
    assert told(again, 1, 20) == 20
