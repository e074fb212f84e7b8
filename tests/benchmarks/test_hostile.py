"""The hostile half hour, in short: what good messages make of the flow, whatever comes beside them.

How late the rows are and how much memory is taken says the long form; here only what must be equal
on any machine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.flow_process import ROOT
from benchmarks.hostile.bombs import BOMBS, append
from benchmarks.hostile.good import GoodStream, Sums
from benchmarks.hostile.kinds import BOMB
from benchmarks.hostile.kinds import KINDS as ALL_KINDS
from benchmarks.hostile.memory import Memory, slope
from benchmarks.hostile.rows import Row, Rows
from tests.services.kafka import Kafka

KINDS = tuple(ALL_KINDS)


def report(kafka: Kafka, kinds: tuple[str, ...], minutes: float) -> dict[str, object]:
    options = ["--minutes", str(minutes), "--kinds", ",".join(kinds), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", *options],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # 1 also where the machine is slow
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_good_windows_are_exact_beside_hostile_traffic(kafka: Kafka) -> None:
    told = report(kafka, KINDS, 0.5)
    assert told["good_rows_equal"], told["wrong"]
    assert told["wrong"] == []
    assert (told["tracebacks"], told["restarts"], told["exit_code"]) == (0, 0, 0)
    assert set(KINDS) <= set(told["sent"])  # type: ignore[call-overload]  # an object of JSON
    assert {"broken", "late", "future"} <= set(told["letters"])  # type: ignore[call-overload]


def test_kinds_that_are_not_known_are_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hostile", "--kinds", "kindness"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("--kinds: no 'kindness'; there are random, ")
    assert BOMB in done.stderr


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.__name__)
def test_a_bomb_is_a_batch_that_broker_and_client_read(
    kafka: Kafka, bomb: Callable[[int, int], bytes]
) -> None:
    """A small one: of a size that a client takes, so that it can be seen that it is no nonsense."""
    topic = kafka.topic(partitions=1)
    content = bomb(1_000, 3 * 2**20)
    assert len(content) < 200_000
    append(kafka.bootstrap, topic, 0, content)
    (message,) = kafka.read(topic)
    assert message.value() == bytes(3 * 2**20)


def test_rows_that_are_missing_different_or_more_are_told(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    good = GoodStream(kafka.producer(), topic, 1)
    for end_ms, region in ((1_000, "a"), (1_000, "b"), (2_000, "a")):
        good.windows[end_ms, region].add(2.5, failed=False)
    good.possible_ms[1_000][0] = 1_300.0
    right, wrong = Sums(1, 2.5, 2.5, 0), Sums(2, 5.0, 2.5, 0)
    known = {(1_000, "a"): Row(right, 0, 1_450), (1_000, "b"): Row(wrong, 0, 1_500)}
    known |= {(1_000, "c"): Row(right, 0, 1_500), (9_000, "a"): Row(right, 0, 9_500)}
    found = Rows(kafka, topic, known).compare(good, until_ms=2_000, measured_from_ms=0)
    assert (found.equal, found.different, found.missing, found.extra) == (1, 1, 1, 1)
    assert not found.same
    assert sorted(found.delays_ms) == [150.0, 200.0]
    assert [line.split()[0] for line in found.wrong] == ["different", "missing", "extra"]


def test_the_slope_of_memory_is_that_of_its_second_half() -> None:
    memory = Memory()
    memory.times_s = [float(second) for second in range(2_000)]
    memory.sizes_mb = [100.0 + second for second in range(1_000)]
    memory.sizes_mb += [1_100.0 + 0.01 * second for second in range(1_000)]
    memory.sizes_mb[1_500] = 9_000.0
    assert memory.slope_mb_h == pytest.approx(36.0, rel=0.01)
    assert slope(np.array([]), np.array([])) == 0.0
