"""The watermark of joined sources: the minimum over the partitions of all of them."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from operators.progress.joined import JoinedWatermark, apart, watermark_over
from operators.progress.watermark import Watermark
from tidegauge.batch import END_OF_TIME, NO_TIME, PartitionState, Progress
from tidegauge.journal import Floor

ACTIVE, IDLE, FINISHED = PartitionState.ACTIVE, PartitionState.IDLE, PartitionState.FINISHED


def progress(
    source: str,
    partition: int,
    at: int,
    state: PartitionState = ACTIVE,
    partitions: int = 1,
    offset: int | None = None,
) -> Progress:
    """Progress of a partition."""
    return Progress(source, partition, partitions, at, state, 0, offset)


def observed(*news: Progress | Floor) -> int:
    """The watermark over a and b after some news."""
    watermark = watermark_over(("a", "b"))
    for one in news:
        watermark.observe(one)
    return watermark.value_ns


def test_it_waits_for_every_partition_of_every_source() -> None:
    first, second = (progress("a", n, 5, partitions=2) for n in range(2))
    assert observed(first, second) == NO_TIME
    assert observed(first, progress("b", 0, 7)) == NO_TIME
    assert observed(first, progress("b", 0, 7), second) == 5


def test_the_same_number_of_partition_is_another_partition_in_another_source() -> None:
    assert observed(progress("a", 0, 5), progress("b", 0, 3)) == 3
    assert observed(progress("a", 0, 5), progress("b", 0, 3), progress("b", 0, 9)) == 5


def test_a_finished_source_does_not_count_until_all_are() -> None:
    ended = progress("b", 0, 3, FINISHED)
    assert observed(progress("a", 0, 5), ended) == 5
    assert observed(progress("a", 0, 5, FINISHED), ended) == END_OF_TIME


def test_a_floor_lets_the_others_pass_an_idle_source() -> None:
    idle = progress("b", 0, 3, IDLE, offset=8)
    assert observed(progress("a", 0, 50), idle) == 3
    floor = Floor("b", "t", 0, 8, 40, "run")
    assert observed(progress("a", 0, 50), idle, floor) == 40


NEWS = st.lists(
    st.builds(
        progress,
        st.sampled_from("ab"),
        st.integers(0, 1),
        st.integers(0, 20),
        st.sampled_from([ACTIVE, IDLE]),
        st.just(2),
    ),
    max_size=20,
)


@given(NEWS, st.integers(0, 20))
def test_it_is_the_minimum_of_both_never_falls_and_outlives_a_restart(
    news: list[Progress], cut: int
) -> None:
    joined, alone = watermark_over(("a", "b")), {"a": Watermark(), "b": Watermark()}
    before = NO_TIME
    for number, one in enumerate(news):
        if number == cut:
            saved = pickle.loads(pickle.dumps(joined.snapshot()))  # noqa: S301 - made here
            joined = watermark_over(("a", "b"), saved)
            alone = {name: Watermark.restore(mark.snapshot()) for name, mark in alone.items()}
        joined.observe(one)
        alone[one.source].observe(one)
        assert joined.value_ns == min(mark.value_ns for mark in alone.values())
        assert joined.value_ns >= before
        before = joined.value_ns


def test_one_source_has_a_watermark_as_ever() -> None:
    assert isinstance(watermark_over(()), Watermark)
    assert isinstance(watermark_over(("a", "b")), JoinedWatermark)


def test_partitions_of_joined_sources_have_numbers_of_their_own() -> None:
    floors = [apart(Floor(source, "t", 5, 8, 40, "run"), n) for source, n in (("a", 0), ("b", 1))]
    numbers = [floor.partition for floor in floors if isinstance(floor, Floor)]
    assert numbers[0] == 5
    assert numbers[1] != numbers[0]
