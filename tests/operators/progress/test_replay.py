"""Partitions that fall silent, wake and are killed: the logs and the journal say it all."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.operators.progress.replaying import SECOND, Left, Run, World

PARTITIONS = 3
PARTITION = st.integers(0, PARTITIONS - 1)
APPEND = st.tuples(
    st.just("append"), PARTITION, st.lists(st.integers(0, 60), min_size=1, max_size=4)
)
STEP = st.one_of(
    APPEND,
    APPEND,
    st.tuples(st.just("read"), PARTITION, st.integers(1, 3)),
    st.tuples(st.just("rest"), PARTITION, st.just(0)),
    st.tuples(st.just("deliver"), PARTITION, st.just(0)),
    st.tuples(st.sampled_from(["save", "crash", "follow"]), st.just(0), st.just(0)),
    st.tuples(st.just("rest all"), st.just(0), st.just(0)),
    st.tuples(st.just("tick"), st.just(0), st.integers(1, 20)),
)
SCHEDULE = st.lists(
    st.tuples(st.sampled_from(["read", "deliver", "follow all"]), PARTITION, st.integers(1, 5)),
    max_size=30,
)


def rest_all(run: Run) -> None:
    for number in range(PARTITIONS):
        run.read(number, 99)
        run.rest(number)


def tick(run: Run, seconds: int) -> None:
    run.world.now_s += seconds


ACTIONS: dict[str, Callable[[Run, int, Any], None]] = {
    "append": lambda run, partition, seconds: run.world.logs[partition].extend(seconds),
    "read": Run.read,
    "rest": lambda run, partition, _: run.rest(partition),
    "rest all": lambda run, *_: rest_all(run),
    "deliver": lambda run, partition, _: run.deliver(partition),
    "follow": lambda run, *_: run.follow(2),
    "follow all": lambda run, *_: run.follow(len(run.world.journal)),
    "save": lambda run, *_: run.save(),
    "crash": lambda run, *_: run.restart(),
    "tick": lambda run, _, seconds: tick(run, seconds),
}


@given(st.lists(STEP, max_size=60), SCHEDULE, st.integers(1, 50))
def test_a_replay_leaves_what_the_run_left(
    steps: list[tuple[str, int, Any]], schedule: list[tuple[str, int, int]], size: int
) -> None:
    world, left = World([[] for _ in range(PARTITIONS)]), Left()
    live = Run(world, left)
    for what, partition, value in steps:
        ACTIONS[what](live, partition, value)
    live.finish(50)
    again = Left()
    replay = Run(world, again)
    for what, partition, value in schedule:
        ACTIONS[what](replay, partition, value)
    replay.finish(size)
    assert again == left
    counted = sum(verdict != "dead" for verdict in left.verdicts.values())
    newest = {end: count for (end, _), count in sorted(left.rows.items())}
    assert sum(newest.values()) == counted


def test_what_slept_is_judged_by_what_passed_meanwhile() -> None:
    world, left = World([[3], [5, 42]]), Left()
    run = Run(world, left)
    run.read(0, 1)
    run.read(1, 2)
    run.rest(0)
    world.logs[0] += [39, 31, 20]
    run.read(0, 3)
    assert [floor.floor_ns for floor in world.journal] == [40 * SECOND]
    verdicts = {
        offset: verdict for (number, offset), verdict in left.verdicts.items() if not number
    }
    assert verdicts == {0: "on time", 1: "correction", 2: "correction", 3: "dead"}


def test_windows_close_when_the_whole_stream_stops() -> None:
    world, left = World([[3], [12]]), Left()
    run = Run(world, left)
    for second in range(12):
        world.now_s = second
        for partition in (0, 1):
            run.read(partition, 9)
            run.rest(partition)
        run.deliver_all()
        run.follow(9)
    assert left.rows == {(10, 0): 1, (20, 0): 1}


def test_nothing_passes_on_its_own_before_it_is_in_the_journal() -> None:
    world, left = World([[3], [5, 42]]), Left()
    run = Run(world, left)
    run.read(1, 2)
    run.read(0, 1)
    run.rest(0)
    run.deliver_all()
    assert not left.rows
    run.follow(1)
    assert set(left.rows) == {(10, 0)}
