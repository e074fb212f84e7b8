"""Partitions that catch up stay together in event time, and none waits for what need not come."""

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kafka.pace import AHEAD_NS, AWAITED_NS, BATCHES, LONGEST_REST_NS, Pace
from connectors.kafka.source import KafkaPartition, KafkaSource
from tests.connectors.kafka.reading import (
    Clock,
    drive,
    enough,
    events,
    make_intake,
    produce,
    read,
    reading,
)
from tests.services.kafka import Kafka
from tidegauge.batch import NO_TIME

FAR = 2 * AHEAD_NS
ABSURD = st.sampled_from([NO_TIME, -(2**62), 0, 2**62])
TIMES = st.integers(0, 20 * AHEAD_NS) | ABSURD


def two(first_ns: int, second_ns: int, *, left: int = 10) -> Pace:
    """Two partitions with much to read, at these event times, both heard of at 0."""
    pace = Pace(10)
    pace.has_read(0, first_ns, left, 0)
    pace.has_read(1, second_ns, left, 0)
    return pace


def test_who_is_too_far_ahead_rests_until_the_slowest_comes_after() -> None:
    pace = two(0, AHEAD_NS + 1)
    assert pace.rests(1, 0)
    assert not pace.rests(0, 0)
    pace.has_read(0, 1, 10, 0)
    assert not pace.rests(1, 0)


def test_a_partition_alone_never_rests() -> None:
    pace = Pace(10)
    for number in range(100):
        pace.has_read(0, number * FAR, 10, 0)
        assert not pace.rests(0, 0)


def test_who_has_less_than_a_batch_to_read_holds_nobody_back() -> None:
    pace = two(0, FAR)
    pace.has_read(0, 0, 9, 0)
    assert not pace.rests(1, 0)


def test_who_follows_live_traffic_does_not_rest() -> None:
    pace = two(0, FAR)
    pace.has_read(1, FAR, 9, 0)
    assert not pace.rests(1, 0)


def test_who_has_not_been_heard_of_for_a_while_holds_nobody_back() -> None:
    pace = two(0, FAR)
    assert pace.rests(1, AWAITED_NS - 1)
    assert not pace.rests(1, AWAITED_NS)


def test_who_rests_is_heard_of_and_holds_back_who_is_still_further_ahead() -> None:
    pace = two(0, FAR)
    pace.has_read(2, 2 * FAR, 10, 0)
    assert pace.rests(1, AWAITED_NS - 1)
    assert not pace.rests(1, AWAITED_NS)
    assert pace.rests(2, AWAITED_NS)


def test_a_partition_may_be_some_of_its_own_batches_ahead() -> None:
    pace = two(0, 0)
    span_ns = 3 * AHEAD_NS
    for number in range(1, BATCHES + 1):
        pace.has_read(1, number * span_ns, 10, 0)
        assert not pace.rests(1, 0)
    pace.has_read(1, (BATCHES + 1) * span_ns, 10, 0)
    assert pace.rests(1, 0)


def test_a_rest_ends_whatever_event_times_the_others_claim() -> None:
    pace = two(-(2**62), FAR)
    now_ns = 0
    while pace.rests(1, now_ns):
        now_ns += AWAITED_NS // 2
        pace.has_read(0, -(2**62) + now_ns, 10, now_ns)
    assert now_ns == LONGEST_REST_NS
    pace.has_read(1, FAR + 1, 10, now_ns)
    assert pace.rests(1, now_ns)


@given(st.dictionaries(st.integers(0, 5), st.tuples(TIMES, st.integers(0, 20)), min_size=1))
def test_there_is_always_one_that_does_not_rest(known: dict[int, tuple[int, int]]) -> None:
    pace = Pace(10)
    for partition, (time_ns, left) in known.items():
        pace.has_read(partition, time_ns, left, 0)
    slowest = min(known, key=lambda one: known[one][0])
    assert not pace.rests(slowest, 0)


@dataclass
class Walk:
    """A partition with messages, each later than the one before."""

    steps: list[int]
    time_ns: int = 0
    batches: int = 0

    def step(self) -> None:
        self.time_ns += self.steps[self.batches]
        self.batches += 1

    @property
    def left(self) -> int:
        return len(self.steps) - self.batches


SPANS = st.lists(st.integers(0, 3 * AHEAD_NS), min_size=1, max_size=30)


@given(st.lists(SPANS, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_all_is_read_in_whatever_order_the_partitions_are_asked_and_stays_together(
    spans: list[list[int]], chance: Random
) -> None:
    pace = Pace(1)
    walks = [Walk(one) for one in spans]
    longest = max(map(max, spans))
    while unread := [number for number, one in enumerate(walks) if one.left]:
        chance.shuffle(unread)
        went_on = False
        for number in unread:
            if pace.rests(number, 0):
                continue
            went_on = True
            walks[number].step()
            pace.has_read(number, walks[number].time_ns, walks[number].left, 0)
            begun = [one for one in walks if one.left and one.batches]
            if len(begun) > 1 and all(one.batches for one in walks):
                times = [one.time_ns for one in begun]
                assert max(times) - min(times) <= max(AHEAD_NS, BATCHES * longest) + longest
        assert went_on


def parts(kafka: Kafka, topic: str, clock: Clock, *, bounded: bool = True) -> list[KafkaPartition]:
    """Both partitions of a topic, in one process, 10 messages a batch."""
    how = reading(kafka, topic, partitions=2, batch_size=10, bounded=bounded)
    source = KafkaSource(how, make_intake, lambda: clock.draining, lambda: clock.now_ns)
    return [source.build_part("step", f"{topic}-{number}", None) for number in range(2)]


@pytest.mark.parametrize("bounded", [True, False])
def test_a_source_leaves_the_partition_that_is_ahead_until_the_other_comes_after(
    kafka: Kafka, *, bounded: bool
) -> None:
    topic = kafka.topic(partitions=2)
    produce(kafka, topic, events(100), 0)
    produce(kafka, topic, events(100, start=100_000), 1)
    slow, fast = parts(kafka, topic, Clock(), bounded=bounded)
    batches = [drive(slow, enough(10)), drive(fast, enough(10))]
    for _ in range(20):
        assert fast.next_batch() == []
        assert fast.next_awake() is not None
    batches += [drive(slow, enough(90)), drive(fast, enough(90))]
    assert read(batches[0] + batches[2]) == list(range(100))
    assert read(batches[1] + batches[3]) == list(range(100))


def test_a_source_does_not_wait_for_a_partition_that_gives_nothing(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    produce(kafka, topic, events(100), 0)
    produce(kafka, topic, events(100, start=100_000), 1)
    clock = Clock()
    slow, fast = parts(kafka, topic, clock)
    drive(slow, enough(10))
    first = drive(fast, enough(10))
    assert fast.next_batch() == []
    clock.now_ns = AWAITED_NS
    assert read(first + drive(fast)) == list(range(100))
