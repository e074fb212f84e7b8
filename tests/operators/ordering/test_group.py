import pytest

from operators.ordering.group import EventSlice, OrderGroup
from operators.ordering.plan import Ordering, merge_orderings
from tests.operators.ordering.events import batch, frame_of
from tidegauge.batch import PartitionState
from tidegauge.errors import UserMistake

BY_CARD = Ordering("payments", ("card",), frozenset({"amount"}))


def test_nothing_is_released_before_every_partition_has_been_heard_of() -> None:
    group = OrderGroup([BY_CARD])
    heard = batch([], 100, partition=0, partitions=2).progress
    assert group.take([EventSlice(heard, {BY_CARD.name: frame_of([(50, 0, 0)])})]) == []
    other = batch([], 60, partition=1, partitions=2).progress
    (released,) = group.take([EventSlice(other)])
    assert released.signal == BY_CARD.name
    assert released.frame.height == 1


def test_an_idle_partition_holds_nothing_back_and_the_end_releases_all() -> None:
    group = OrderGroup([BY_CARD])
    idle = batch([], 10, partition=1, partitions=2, state=PartitionState.IDLE).progress
    active = batch([], 100, partition=0, partitions=2).progress
    events = {BY_CARD.name: frame_of([(50, 0, 0), (99, 0, 1)])}
    (released,) = group.take([EventSlice(idle), EventSlice(active, events)])
    assert released.frame["time_ns"].to_list() == [50]
    ends = [
        batch([], 100, partition=p, partitions=2, state=PartitionState.FINISHED).progress
        for p in (0, 1)
    ]
    (last,) = group.take([EventSlice(progress) for progress in ends])
    assert last.frame["time_ns"].to_list() == [99]


def test_events_of_one_moment_have_distinct_point_times() -> None:
    group = OrderGroup([BY_CARD])
    events = frame_of([(7, partition, offset) for partition in (0, 1) for offset in range(999)])
    (released,) = group.take([EventSlice(batch([], 100).progress, {BY_CARD.name: events})])
    assert released.frame["time_ns"].n_unique() == events.height


def test_orderings_with_equal_keys_are_sent_once_with_the_columns_of_all() -> None:
    needed = [
        BY_CARD,
        None,
        Ordering("payments", ("card",), frozenset({"status"})),
        Ordering("payments", (), frozenset({"amount"})),
        Ordering("visits", (), frozenset({"amount"})),
    ]
    by_card, plain = merge_orderings(needed, "payments")
    assert by_card.columns == {"amount", "status"}
    assert plain.by == ()
    assert len({ordering.name for ordering in needed if ordering}) == 3


def test_a_snapshot_of_another_version_is_refused() -> None:
    snapshot = OrderGroup([BY_CARD]).snapshot() | {"version": 99}
    with pytest.raises(UserMistake, match="have version 99, this program reads 2; start with"):
        OrderGroup([BY_CARD], snapshot)
