"""When a range was first read: the clock of the reader says it once, and every replay alike."""

from dataclasses import dataclass, field

import polars as pl
import pytest

from connectors.kafka.ranges import RangeClock
from operators.ledger.ledger import PartitionLedger, ledger_records
from operators.ledger.tally import tallies
from tidegauge.batch import OFFSET, RANGE, Counts, RawBatch
from tidegauge.records import TIME_NS

NOW_MS = 1_790_000_000_000


@dataclass
class Ranges:
    """What a journal knows of the ranges of one partition."""

    begun: dict[int, int] = field(default_factory=dict)
    sent: list[tuple[int, bool]] = field(default_factory=list)

    def range_begun_ms(self, number: int) -> int | None:
        return self.begun.get(number)

    def begin_range(self, number: int, clock_ms: int, *, wait: bool) -> None:
        self.sent.append((number, wait))
        self.begun.setdefault(number, clock_ms)


def batch(first: int, count: int, stamp_ms: int = 0) -> RawBatch:
    return RawBatch([b"{}"] * count, range(first, first + count), [stamp_ms] * count)


def clock(journal: Ranges | None, now_ms: int = NOW_MS) -> RangeClock:
    return RangeClock(journal, lambda: now_ms * 1_000_000)  # type: ignore[arg-type]  # as far as it is asked


def test_a_replay_hears_of_the_time_of_the_first_run() -> None:
    journal = Ranges()
    assert clock(journal).told(batch(RANGE - 5, 10)).begun_ms == {0: NOW_MS, 1: NOW_MS}
    later = clock(journal, NOW_MS + 9).told(batch(RANGE - 1, 2))
    assert later.begun_ms == {0: NOW_MS, 1: NOW_MS}
    assert journal.sent == [(0, True), (1, True)]


def test_the_next_range_is_written_of_in_time_and_once() -> None:
    journal, now = Ranges(), clock(None)
    reading = clock(journal)
    for first in range(RANGE - 100, RANGE, 10):
        reading.told(batch(first, 10))
    reading.told(batch(RANGE, 10))
    assert journal.sent == [(0, True), (1, False)]
    assert now.told(batch(0, 1)).begun_ms == {0: NOW_MS}


def test_ranges_without_a_message_are_not_written_of() -> None:
    journal = Ranges()
    raw = RawBatch([b"{}"] * 2, [1, 1_000_000 * RANGE], [0, 0])
    assert clock(journal).told(raw).begun_ms == {0: NOW_MS, 1_000_000: NOW_MS}
    assert [number for number, _ in journal.sent] == [0, 1_000_000]


@pytest.mark.parametrize("stamp_ms", [-1, 0, 7_258_118_400_000, 2**62])
def test_no_timestamp_of_a_message_moves_the_record(stamp_ms: int) -> None:
    """Year 2200, 1970, or none."""
    raw = clock(Ranges()).told(batch(0, 3, stamp_ms))
    none = pl.DataFrame({OFFSET: pl.Series([], dtype=pl.Int64)})
    ledger = PartitionLedger()
    for tally in tallies(raw, Counts(3, 3), none, (none, none), (), "late"):
        ledger.add(tally)
    told = ledger.flush()
    assert told is not None
    (records,) = ledger_records("s", "t", 0, [told])
    assert records.frame[TIME_NS].to_list() == [NOW_MS * 1_000_000]
