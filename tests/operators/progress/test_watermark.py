import pytest

from operators.progress.watermark import Watermark
from tidegauge.batch import END_OF_TIME, NO_TIME, PartitionState, Progress
from tidegauge.errors import Stop

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
    restarted = Watermark(watermark.value_ns, dict(watermark.partitions))
    assert told(restarted, 0, 50) == 10
    assert told(restarted, 1, 20) == 20


def test_after_a_restart_the_active_ones_are_known() -> None:
    watermark = Watermark()
    told(watermark, 0, 10)
    told(watermark, 1, 12)
    restarted = Watermark(watermark.value_ns, dict(watermark.partitions))
    assert told(restarted, 0, 11) == 11


def test_a_new_partition_holds_it_back() -> None:
    restarted = Watermark(10, {0: (10, ACTIVE), 1: (12, ACTIVE)})
    assert told(restarted, 0, 20, of=3) == 10
    assert told(restarted, 1, 20, of=3) == 10
    assert told(restarted, 2, 15, of=3) == 15


def test_after_the_end_of_time_more_events_stop_the_flow() -> None:
    watermark = Watermark(END_OF_TIME, {0: (10, FINISHED)})
    told(watermark, 0, 10, FINISHED, of=1)
    with pytest.raises(Stop, match=r"read s to its end and closed every window, .* empty recovery"):
        told(watermark, 0, 11, ACTIVE, of=1)
