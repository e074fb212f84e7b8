from random import Random

from hypothesis import given
from hypothesis import strategies as st

from operators.ordering.buffer import EventTimeBuffer
from tests.operators.keygroups.engine import pickled
from tests.operators.ordering.events import Event, events_of, frame_of

OUT_OF_ORDERNESS = 5

LOGS = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, OUT_OF_ORDERNESS)), max_size=25),
    min_size=1,
    max_size=3,
)
"""Steps forward of each event of each partition, and how far it lies behind that."""


def _on_time(log: list[list[tuple[int, int]]]) -> list[list[Event]]:
    """Events of each partition, out of order within the bound."""
    partitions = []
    for partition, steps in enumerate(log):
        now, events = 100, []
        for offset, (forward, behind) in enumerate(steps):
            now += forward
            events.append((now - behind, partition, offset))
        partitions.append(events)
    return partitions


@given(log=LOGS, random=st.randoms(use_true_random=False), resumed=st.booleans())
def test_any_cut_into_batches_releases_the_same_in_order(
    log: list[list[tuple[int, int]]], random: Random, *, resumed: bool
) -> None:
    """Partitions are read in any interleaving, in any batches, over any number of restarts."""
    waiting = _on_time(log)
    everything = sorted(event for events in waiting for event in events)
    highs = [-1] * len(waiting)
    buffer, released = EventTimeBuffer(), []
    while any(waiting):
        turn = random.choice([number for number, events in enumerate(waiting) if events])
        size = random.randint(1, len(waiting[turn]))
        taken, waiting[turn] = waiting[turn][:size], waiting[turn][size:]
        buffer.add(frame_of(taken))
        highs[turn] = max(highs[turn], *(time for time, _, _ in taken))
        watermark = min(highs) - OUT_OF_ORDERNESS if min(highs) >= 0 else -1
        ready = buffer.release(watermark)
        if ready is not None:
            assert ready.height
            released += events_of(ready)
        if resumed:
            buffer = EventTimeBuffer(pickled(buffer.snapshot()))
    assert len(buffer) == len(everything) - len(released)
    rest = buffer.release(10_000)
    released += events_of(rest) if rest is not None else []
    assert released == everything


def test_an_event_at_the_watermark_is_held_for_another_may_come() -> None:
    buffer = EventTimeBuffer()
    buffer.add(frame_of([(10, 0, 0), (9, 0, 1)]))
    ready = buffer.release(10)
    assert ready is not None
    assert events_of(ready) == [(9, 0, 1)]
    assert buffer.release(10) is None


def test_ties_go_by_partition_and_offset() -> None:
    buffer = EventTimeBuffer()
    buffer.add(frame_of([(1, 1, 0), (1, 1, 1)]))
    buffer.add(frame_of([(1, 0, 7), (1, 0, 9)]))
    ready = buffer.release(2)
    assert ready is not None
    assert events_of(ready) == [(1, 0, 7), (1, 0, 9), (1, 1, 0), (1, 1, 1)]


def test_an_event_behind_the_watermark_is_late_but_not_lost() -> None:
    buffer = EventTimeBuffer()
    buffer.add(frame_of([(10, 0, 0)]))
    buffer.release(20)
    buffer.add(frame_of([(5, 1, 0)]))
    ready = buffer.release(20)
    assert ready is not None
    assert events_of(ready) == [(5, 1, 0)]


def test_a_snapshot_does_not_change_afterwards() -> None:
    buffer = EventTimeBuffer()
    buffer.add(frame_of([(10, 0, 0), (30, 0, 1)]))
    snapshot = buffer.snapshot()
    buffer.release(20)
    buffer.add(frame_of([(40, 0, 2)]))
    assert len(EventTimeBuffer(snapshot)) == 2


def test_without_events_nothing_is_released() -> None:
    buffer = EventTimeBuffer()
    buffer.add(frame_of([]))
    assert buffer.release(100) is None
