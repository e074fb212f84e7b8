import polars as pl
import pytest

from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import telling
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import (
    NOW_MS,
    cut,
    make_intake,
    make_plan,
    message,
    offsets,
    raw,
    run,
    take,
)
from tidegauge.batch import APPENDED, NO_TIME, OFFSET, TIME, Counts, PartitionState, RawBatch

MS = 1_000_000
SECOND = 1_000 * MS
ACTIVE, IDLE = PartitionState.ACTIVE, PartitionState.IDLE


def at(*seconds: float) -> list[bytes | None]:
    return [message(ts=1_000 * second, v=1.0, k="a") for second in seconds]


def test_events_become_rows_with_time_and_offset() -> None:
    batch = take(make_plan(), message(ts=1_000, v=0.5, k="a"), message(ts=2_000, v=None))
    assert batch.on_time.select("v", "k", TIME, OFFSET).rows() == [
        (0.5, "a", SECOND, 0),
        (None, None, 2 * SECOND, 1),
    ]
    assert batch.corrections.height == batch.dead_letters.height == 0
    assert batch.topic == "t"


def test_every_frame_has_the_same_columns_however_few_its_rows() -> None:
    plan = make_plan(derive={"double": "v * 2"}, keep_appended=True)
    full, empty = take(plan, *at(1)), make_intake(plan).quiet(IDLE)
    assert full.on_time.height == 1
    for frame in (full.corrections, empty.on_time, empty.corrections):
        assert frame.schema == full.on_time.schema
    assert full.dead_letters.schema == empty.dead_letters.schema


def test_the_event_time_field_is_kept_only_where_it_is_declared() -> None:
    assert "ts" not in take(make_plan(), *at(1)).on_time.columns
    declared = make_plan(fields={"ts": {"type": "float"}})
    assert take(declared, *at(1)).on_time["ts"].to_list() == [1_000.0]


def test_kafka_timestamps_are_kept_when_asked_for() -> None:
    plan = make_plan(keep_appended=True)
    payloads = [message(ts=1), b"{", message(ts=3)]
    batch = make_intake(plan).take(raw(payloads, appended_ms=[10, 20, 30]))
    assert batch.on_time[APPENDED].to_list() == [10, 30]
    assert APPENDED not in take(make_plan(), *at(1)).on_time.columns


def test_the_watermark_is_the_highest_event_time_less_the_out_of_orderness() -> None:
    intake = make_intake(make_plan())
    assert intake.take(raw(at(5, 9, 7))).progress.watermark_ns == 7 * SECOND
    assert intake.take(raw(at(8), offset=3)).progress.watermark_ns == 7 * SECOND


def test_there_is_no_watermark_before_the_first_event() -> None:
    intake = make_intake(make_plan())
    assert intake.quiet(IDLE).progress.watermark_ns == NO_TIME
    assert intake.take(raw([None, b"{"])).progress.watermark_ns == NO_TIME


def test_on_time_corrections_and_dead_ones_are_parted() -> None:
    batch = take(make_plan(), *at(9, 7, 6, 4, 3.999, 9))
    assert offsets(batch.on_time) == [0, 1, 5]
    assert offsets(batch.corrections) == [2, 3]
    assert batch.dead_letters["offset"].to_list() == [4]
    assert batch.counts == Counts(6, 3, 2, 0, 1, late=1)


def test_a_dead_letter_tells_kind_origin_reason_and_payload() -> None:
    payloads = [*at(9), b"{", None, b"\xff", message(ts="x"), message(v=1), *at(3.5), *at(1_021)]
    batch = make_intake(make_plan()).take(raw(payloads, offset=100))
    frame = batch.dead_letters
    assert frame["kind"].to_list() == [
        "broken",
        "tombstone",
        "broken",
        "wrong_type",
        "no_event_time",
        "late",
        "future",
    ]
    assert frame["offset"].to_list() == list(range(101, 108))
    assert set(frame["topic"]) == {"t"}
    assert set(frame["partition"]) == {0}
    assert frame["payload"][0] == "{"
    assert frame["payload"][1] is None
    assert frame["encoding"].to_list() == ["utf-8", None, "base64", *["utf-8"] * 4]
    assert frame["reason"].to_list()[4:] == [
        "no event time: ts is missing, allowed is epoch_ms",
        "3s500ms later than the watermark of its partition, allowed lateness is 3s",
        "event time is 21s ahead of the Kafka timestamp, allowed is 10s",
    ]


def test_dead_letters_are_in_offset_order_whatever_their_reasons() -> None:
    batch = take(make_plan(), *at(9, 1), None, *at(1), b"{", message(v=1), *at(1))
    assert batch.dead_letters["offset"].to_list() == [1, 2, 3, 4, 5, 6]


def test_an_event_from_the_future_is_refused_before_it_moves_the_watermark() -> None:
    now = NOW_MS / 1_000
    batch = take(make_plan(), *at(now, now + 10.001, now - 1))
    assert offsets(batch.on_time) == [0, 2]
    assert batch.dead_letters["kind"].to_list() == ["future"]
    assert batch.progress.watermark_ns == (NOW_MS - 2_000) * MS


def test_an_event_as_far_ahead_as_is_allowed_is_taken() -> None:
    batch = take(make_plan(), *at(NOW_MS / 1_000 + 10))
    assert batch.counts == Counts(1, 1, 0, 0, 0)


def test_each_event_is_measured_by_its_own_kafka_timestamp() -> None:
    intake = make_intake(make_plan())
    batch = intake.take(raw(at(111, 111, 111), appended_ms=[101_000, 100_000, 200_000]))
    assert offsets(batch.on_time) == [0, 2]


def test_without_a_kafka_timestamp_nothing_is_future() -> None:
    intake = make_intake(make_plan())
    batch = intake.take(raw(at(111, 111), appended_ms=[-1, 100_000]))
    assert offsets(batch.on_time) == [0]


def test_a_kafka_timestamp_may_be_anything() -> None:
    intake = make_intake(make_plan())
    batch = intake.take(raw(at(111, 111, 111, 1), appended_ms=[2**62, 100_000, 10**13, 10**15]))
    assert offsets(batch.on_time) == [0, 2]
    assert batch.dead_letters["kind"].to_list() == ["future", "late"]


def test_gaps_between_offsets_are_no_events() -> None:
    payloads = [*at(1), b"{", *at(2), None]
    batch = make_intake(make_plan()).take(RawBatch(payloads, [3, 7, 8, 1_000_000], [NOW_MS] * 4))
    assert offsets(batch.on_time) == [3, 8]
    assert batch.dead_letters["offset"].to_list() == [7, 1_000_000]
    assert batch.counts.read == 4


def test_the_filter_leaves_out_what_is_not_true() -> None:
    plan = make_plan(filter="k <> 'test'")
    batch = take(plan, *(message(ts=1, k=k) for k in ("a", "test", None, "b")))
    assert offsets(batch.on_time) == [0, 3]
    assert batch.counts == Counts(4, 2, 0, 2, 0)


def test_what_the_filter_leaves_out_still_moves_the_watermark() -> None:
    plan = make_plan(filter="k <> 'test'")
    batch = take(plan, message(ts=9_000, k="test"), message(ts=6_000, k="a"))
    assert offsets(batch.corrections) == [1]
    assert batch.progress.watermark_ns == 7 * SECOND


def test_a_late_event_that_the_filter_leaves_out_is_no_dead_letter() -> None:
    plan = make_plan(filter="k <> 'test'")
    batch = take(plan, message(ts=9_000, k="a"), message(ts=0, k="test"), message(ts=0, k="a"))
    assert batch.counts == Counts(3, 1, 0, 1, 1, late=1)
    assert batch.dead_letters["offset"].to_list() == [2]


@pytest.mark.parametrize(("condition", "kept"), [("1 = 1", 3), ("1 = 2", 0), ("NULL = 1", 0)])
def test_a_filter_may_be_the_same_for_all(condition: str, kept: int) -> None:
    batch = take(make_plan(filter=condition), *at(1, 2, 3))
    assert batch.counts == Counts(3, kept, 0, 3 - kept, 0)


def test_derived_columns_see_the_derived_ones_before_them() -> None:
    plan = make_plan(derive={"double": "v * 2", "more": "double + 1", "fixed": "7"})
    frame = take(plan, message(ts=1, v=2), message(ts=1)).on_time
    assert frame.select("double", "more", "fixed").rows() == [(4.0, 5.0, 7), (None, None, 7)]


def test_an_events_own_alert_level_is_read_without_being_declared() -> None:
    batch = take(make_plan(), message(ts=1, alert_level=8), message(ts=1))
    assert batch.on_time["alert_level"].to_list() == [8, None]


LEVELS = [
    *(("1", 1), ("7.0", 7), ("1e1", 10), ("10", 10), ("0", 0), ("null", None)),
    *((wrong, "odd") for wrong in ("11", "-1", "99999999999999999999", "1e400", "-1e400", "7.5")),
    *((wrong, "odd") for wrong in ("true", "false", '"7"', '""', "[7]", '{"a": 7}', "9e99")),
]


@pytest.mark.parametrize(("text", "level"), LEVELS)
def test_a_level_is_a_whole_number_from_1_to_10_and_all_else_is_counted(
    text: str, level: object
) -> None:
    batch = take(make_plan(), f'{{"ts": 1, "alert_level": {text}}}'.encode(), message(ts=2))
    odd = level == "odd"
    assert batch.on_time["alert_level"].to_list() == [None if odd else level, None]
    assert batch.odd_levels == odd
    assert batch.counts == Counts(2, 2)


def test_levels_that_are_none_are_told_once_with_the_first() -> None:
    told: list[str] = []
    intake = make_intake(telling(make_plan(), told.append))
    levels = [1, 99, "high", 5]
    batch = intake.take(raw([message(ts=1, alert_level=level) for level in levels], offset=7))
    assert batch.odd_levels == 2
    assert intake.take(raw([message(ts=1, alert_level=-1)], offset=20)).odd_levels == 1
    (line,) = told
    assert line == (
        "kafka: t-0: offset 8: alert_level is no level, allowed is a whole number from 1 to 10: it"
        " makes no alert, and the field odd_levels of the signal flow tells how many there were"
        " (told once)"
    )


def test_a_declared_or_derived_level_stays_and_is_counted_all_the_same() -> None:
    declared = make_plan(fields={"alert_level": {"type": "int"}})
    derived = make_plan(derive={"alert_level": "CAST(v AS BIGINT)"})
    for plan, key in ((declared, "alert_level"), (derived, "v")):
        batch = take(plan, *(message(ts=1, **{key: level}) for level in (9, 42, -3)))
        assert batch.on_time["alert_level"].to_list() == [9, 42, -3]
        assert batch.odd_levels == 2


def reject_negative(frame: pl.DataFrame) -> pl.DataFrame:
    if (frame["v"] < 0).any():
        raise ValueError("negative")
    return frame.filter(pl.col("v") < 100).with_columns(pl.col("v") + 1)


def test_process_changes_drops_and_refuses_rows_and_the_counts_add_up() -> None:
    plan = make_plan(process=f"{__name__}:reject_negative")
    values = [1, -1, 2, 100, -2, 3]
    batch = take(plan, *(message(ts=1, v=value) for value in values))
    assert batch.on_time.select(OFFSET, "v").rows() == [(0, 2.0), (2, 3.0), (5, 4.0)]
    assert batch.dead_letters["offset"].to_list() == [1, 4]
    assert set(batch.dead_letters["kind"]) == {"process"}
    assert set(batch.dead_letters["reason"]) == {"process: ValueError: negative"}
    assert batch.counts == Counts(6, 3, 0, 1, 2)


def test_process_sees_corrections_too() -> None:
    plan = make_plan(process=f"{__name__}:reject_negative")
    late = [message(ts=5_000, v=value) for value in (1, -1, 100)]
    batch = take(plan, message(ts=9_000, v=1), *late)
    assert batch.corrections.select(OFFSET, "v").rows() == [(1, 2.0)]
    assert batch.counts == Counts(4, 1, 1, 1, 1)


def test_counts_go_on_from_batch_to_batch() -> None:
    intake = make_intake(make_plan())
    intake.take(raw([*at(9, 6, 1), b"{"]))
    assert intake.take(raw(at(9), offset=4)).counts == Counts(5, 2, 1, 0, 2, late=1)
    assert intake.quiet(IDLE).counts == Counts(5, 2, 1, 0, 2, late=1)


def test_a_restart_goes_on_where_the_state_was_saved() -> None:
    plan, whole = make_plan(), raw([*at(9, 8), b"{", *at(6, 3, 9)])
    without = run(plan, [whole])
    restarted = run(plan, cut(whole, range(6)), restart=True)
    assert restarted.counts == without.counts
    assert restarted.corrections.equals(without.corrections)
    assert restarted.dead_letters.equals(without.dead_letters)


class TestWaking:
    """Two partitions; the first is idle while the second goes on."""

    def setup_method(self) -> None:
        self.board = ProgressBoard()
        self.sleeper = self._intake(0, IntakeState())
        self.runner = self._intake(1, IntakeState())

    def _intake(self, number: int, state: IntakeState) -> Intake:
        return Intake(make_plan(), number, 2, self.board, state)

    def test_it_is_judged_by_the_watermark_that_passed_meanwhile(self) -> None:
        self.sleeper.take(raw(at(5)))
        self.sleeper.quiet(IDLE)
        self.runner.take(raw(at(22)))
        batch = self.sleeper.take(raw(at(20, 19, 17, 16), offset=1))
        assert offsets(batch.on_time) == [1]
        assert offsets(batch.corrections) == [2, 3]
        assert batch.dead_letters["offset"].to_list() == [4]
        assert batch.progress.watermark_ns == 20 * SECOND

    def test_while_it_was_active_nothing_passed_it(self) -> None:
        self.sleeper.take(raw(at(5)))
        self.runner.take(raw(at(22)))
        assert offsets(self.sleeper.take(raw(at(4), offset=1)).on_time) == [1]

    def test_what_passed_counts_even_if_the_other_is_idle_by_now(self) -> None:
        self.sleeper.quiet(IDLE)
        self.runner.take(raw(at(22)))
        self.runner.quiet(IDLE)
        assert offsets(self.sleeper.take(raw(at(19))).corrections) == [0]

    def test_what_the_other_does_after_it_woke_does_not_count(self) -> None:
        self.sleeper.quiet(IDLE)
        self.runner.take(raw(at(12)))
        self.sleeper.take(raw(at(11)))
        self.runner.take(raw(at(50), offset=1))
        assert offsets(self.sleeper.take(raw(at(10), offset=1)).on_time) == [1]

    def test_a_partition_that_was_not_heard_of_holds_the_watermark_back(self) -> None:
        silent = Intake(make_plan(), 2, 3, self.board, IntakeState())
        self.sleeper.quiet(IDLE)
        self.runner.take(raw(at(22)))
        assert offsets(self.sleeper.take(raw(at(3))).on_time) == [0]
        assert silent.state == IntakeState()

    def test_the_floor_is_part_of_the_saved_state(self) -> None:
        self.sleeper.quiet(IDLE)
        self.runner.take(raw(at(22)))
        assert self.sleeper.state.floor_ns == 20 * SECOND
        self.board = ProgressBoard()
        restarted = self._intake(0, self.sleeper.state)
        batch = restarted.take(raw(at(19)))
        assert offsets(batch.corrections) == [0]
        assert batch.progress.watermark_ns == 20 * SECOND

    def test_its_own_watermark_rises_with_the_floor(self) -> None:
        self.sleeper.quiet(IDLE)
        self.runner.take(raw(at(22)))
        progress = self.sleeper.take(raw([b"{"])).progress
        assert progress.state is ACTIVE
        assert progress.watermark_ns == 20 * SECOND
