import pytest

from operators.progress.journaled import PERIOD_NS, JournaledBoard
from tidegauge.batch import NO_TIME, PartitionState, Progress
from tidegauge.journal import Floor

ACTIVE, IDLE = PartitionState.ACTIVE, PartitionState.IDLE
WAITING = PartitionState.WAITING


class Board:
    """A board with short names; its process reads partitions 0 and 1 of three."""

    def __init__(self) -> None:
        self.board = JournaledBoard()
        for partition in (0, 1):
            self.post(partition, NO_TIME)

    def post(self, partition: int, at: int, state: PartitionState = ACTIVE) -> None:
        self.board.post(Progress("s", partition, 3, at, state, 0, 7))

    def hear(self, partition: int, at: int, state: PartitionState = ACTIVE) -> None:
        self.board.hear(Progress("s", partition, 3, at, state, 0, 7))

    def due(self, partition: int, now_ns: int = 0, offset: int = 7) -> int | None:
        return self.board.due("s", partition, offset, now_ns)

    def learn(self, partition: int, offset: int, at: int) -> None:
        self.board.learn(Floor("s", "t", partition, offset, at, "run"))


@pytest.fixture
def board() -> Board:
    return Board()


def test_the_lowest_watermark_of_the_active_ones_is_due(board: Board) -> None:
    board.post(0, 5, IDLE)
    board.post(1, 20)
    board.hear(2, 10)
    assert board.due(0) == 10


def test_nothing_is_due_before_all_partitions_have_been_heard_of(board: Board) -> None:
    board.post(0, 5, IDLE)
    board.post(1, 20)
    assert board.due(0) is None


def test_nothing_is_due_while_an_active_one_has_no_events(board: Board) -> None:
    board.post(0, 5, IDLE)
    board.hear(2, 10)
    assert board.due(0) is None


def test_what_is_heard_of_an_own_partition_is_old_news(board: Board) -> None:
    board.post(0, 5, IDLE)
    board.post(1, 20)
    board.hear(2, 30)
    board.hear(1, 8)
    assert board.due(0) == 20


def test_nothing_is_due_that_the_partition_or_its_floors_have_passed(board: Board) -> None:
    board.post(0, 15, IDLE)
    board.post(1, 20)
    board.hear(2, 10)
    assert board.due(0) is None
    board.hear(2, 30)
    board.learn(0, 7, 20)
    assert board.due(0) is None


def test_a_floor_for_records_further_on_does_not_count_yet(board: Board) -> None:
    board.post(0, 5, IDLE)
    board.post(1, 20)
    board.hear(2, 30)
    board.learn(0, 8, 25)
    assert board.due(0) == 20
    assert board.due(0, PERIOD_NS, offset=8) is None


def test_another_is_due_a_period_later_and_only_if_it_is_higher(board: Board) -> None:
    board.post(0, 5, IDLE)
    board.post(1, 20)
    board.hear(2, 30)
    assert board.due(0) == 20
    board.learn(0, 7, 20)
    board.post(1, 25)
    assert board.due(0, PERIOD_NS - 1) is None
    assert board.due(0, PERIOD_NS) == 25
    board.learn(0, 7, 25)
    assert board.due(0, 2 * PERIOD_NS) is None


def test_while_all_are_idle_the_highest_watermark_goes_on_with_the_clock(board: Board) -> None:
    for partition, at in enumerate((5, 20)):
        board.post(partition, at, IDLE)
    board.hear(2, 10, IDLE)
    assert board.due(0, now_ns=1_000) == 20
    assert board.due(1, now_ns=1_030) == 50
    assert board.due(0, now_ns=1_000 + PERIOD_NS) == 20 + PERIOD_NS


def test_when_one_wakes_the_clock_stops(board: Board) -> None:
    for partition, at in enumerate((5, 20)):
        board.post(partition, at, IDLE)
    board.hear(2, 10, IDLE)
    board.due(0, now_ns=0)
    board.hear(2, 40)
    assert board.due(1, now_ns=50) == 40
    board.hear(2, 60, IDLE)
    assert board.due(0, now_ns=PERIOD_NS) == 60


def test_after_a_restart_the_clock_goes_on_from_the_highest_floor(board: Board) -> None:
    for partition, at in enumerate((5, 20)):
        board.post(partition, at, IDLE)
    board.hear(2, 10, IDLE)
    board.learn(1, 7, 1_000)
    assert board.due(0, now_ns=77) == 1_000
    assert board.due(1, now_ns=78) == 1_001


def test_without_any_event_nothing_is_due(board: Board) -> None:
    for partition in (0, 1):
        board.post(partition, NO_TIME, IDLE)
    board.hear(2, NO_TIME, IDLE)
    assert board.due(0) is None


def test_floors_are_asked_for_batch_by_batch(board: Board) -> None:
    for offset, at in ((3, 30), (5, 50), (9, 90)):
        board.learn(0, offset, at)
    assert board.board.floors("s", 0, 4) == [(3, 30)]
    assert board.board.floors("s", 0, 8) == [(3, 30), (5, 50)]
    assert board.board.floors("s", 0, 9) == [(5, 50), (9, 90)]
    assert board.board.floors("s", 1, 9) == ()


def test_sources_do_not_see_each_other(board: Board) -> None:
    board.board.post(Progress("other", 0, 1, 50, ACTIVE, 0, 0))
    board.post(0, 5, IDLE)
    board.post(1, 20)
    board.hear(2, 30)
    assert board.due(0) == 20


class Growing:
    """A board whose process reads partition 0 and the new one, 2; another process reads 1."""

    def __init__(self) -> None:
        self.board = JournaledBoard()

    def post(
        self, partition: int, at: int, state: PartitionState = ACTIVE, *, count: int = 3
    ) -> None:
        self.board.post(Progress("s", partition, count, at, state, 0, 7))

    def hear(self, at: int, state: PartitionState = ACTIVE, *, count: int = 3) -> None:
        self.board.hear(Progress("s", 1, count, at, state, 0, 7))


def test_a_new_partition_waits_until_all_others_know_of_it() -> None:
    growing = Growing()
    growing.post(0, 30, count=2)
    growing.hear(20, count=2)
    assert growing.board.joins("s") is True
    growing.post(2, NO_TIME, WAITING)
    assert growing.board.partitions("s") == 3
    assert growing.board.joins("s") is None
    growing.post(0, 35)
    growing.hear(25, count=2)
    assert growing.board.joins("s") is None
    growing.hear(27)
    assert growing.board.joins("s") is True


def test_what_passed_before_it_is_the_least_of_what_each_told_first_of_it() -> None:
    growing = Growing()
    growing.post(2, NO_TIME, WAITING)
    growing.post(0, 35)
    growing.hear(27)
    growing.hear(90)
    growing.post(0, 95)
    assert growing.board.passed_before_ns("s") == 27


def test_a_partition_that_sleeps_has_let_its_floor_pass() -> None:
    growing = Growing()
    growing.post(2, NO_TIME, WAITING)
    growing.post(0, 35)
    growing.hear(5, IDLE)
    growing.board.learn(Floor("s", "t", 1, 7, 30, "run"))
    growing.board.learn(Floor("s", "t", 1, 8, 99, "run"))
    assert growing.board.passed_before_ns("s") == 30


def test_where_all_are_new_nobody_joins_and_nothing_has_passed() -> None:
    growing = Growing()
    for partition in (0, 2):
        growing.post(partition, NO_TIME, WAITING)
    growing.hear(NO_TIME, WAITING)
    assert growing.board.joins("s") is False
    growing.post(0, 50)
    assert growing.board.joins("s") is False
    assert growing.board.passed_before_ns("s") == NO_TIME


def test_no_floor_is_due_while_a_partition_waits() -> None:
    growing = Growing()
    growing.post(2, NO_TIME, WAITING)
    growing.post(0, 5, IDLE)
    growing.hear(20)
    assert growing.board.due("s", 0, 7, 0) is None
    growing.post(2, 10)
    assert growing.board.due("s", 0, 7, PERIOD_NS) == 10
