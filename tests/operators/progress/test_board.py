from operators.progress.board import ProgressBoard
from tidegauge.batch import NO_TIME, PartitionState, Progress

ACTIVE, IDLE, FINISHED = PartitionState.ACTIVE, PartitionState.IDLE, PartitionState.FINISHED


class Board:
    """A board with short names."""

    def __init__(self) -> None:
        self.board = ProgressBoard()

    def post(
        self, partition: int, at: int, state: PartitionState = ACTIVE, source: str = "s"
    ) -> None:
        self.board.post(Progress(source, partition, 9, at, state, 0))

    def passed(self, partition: int, source: str = "s") -> int:
        return self.board.passed_ns(source, partition)


def test_nothing_passes_an_active_partition() -> None:
    board = Board()
    board.post(0, 5)
    board.post(1, 50)
    assert board.passed(0) == NO_TIME


def test_the_minimum_of_the_active_ones_passes_an_idle_one() -> None:
    board = Board()
    board.post(1, 20)
    board.post(2, 10)
    board.post(0, 5, IDLE)
    assert board.passed(0) == 10
    board.post(2, 30)
    assert board.passed(0) == 20


def test_what_has_passed_stays() -> None:
    board = Board()
    board.post(0, 5, IDLE)
    board.post(1, 20)
    board.post(1, 20, IDLE)
    assert board.passed(0) == 20
    board.post(2, 8)
    assert board.passed(0) == 20


def test_a_finished_partition_passes_nobody() -> None:
    board = Board()
    board.post(0, 5, IDLE)
    board.post(1, 20, FINISHED)
    assert board.passed(0) == NO_TIME


def test_sources_do_not_see_each_other() -> None:
    board = Board()
    board.post(0, 5, IDLE)
    board.post(1, 20, source="other")
    board.post(0, 7, IDLE, source="other")
    assert board.passed(0) == NO_TIME
    assert board.passed(0, "other") == 20
