"""What becomes of every message, by ranges that do not depend on how the topic was read."""

import pickle
import random
from itertools import accumulate
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from operators.ledger import tally
from operators.ledger.ledger import PartitionLedger, ledger_records
from tests.operators.intake.stream import cut, make_intake, make_plan, message
from tidegauge.batch import Counts, RawBatch, Tally
from tidegauge.records import RecordBatch

FATES = ("on_time", "corrections", "filtered", "dead_lettered")


def drop_tens(frame: pl.DataFrame) -> pl.DataFrame:
    if (frame["v"] == 66).any():
        raise ValueError("66")
    return frame.filter(pl.col("v") != 10)


PLAN = make_plan(filter="k <> 'x'", process="tests.operators.ledger.test_ledger:drop_tens")


def log(size: int, seed: int) -> RawBatch:
    """Messages of all fates, with gaps between offsets."""
    chance = random.Random(seed)
    payloads: list[bytes | None] = []
    for number in range(size):
        late_ms = chance.choice([0, 0, 0, 3_000, 9_000])
        value = chance.choice([1, 2, 10, 66])
        good = message(ts=900_000 + number * 100 - late_ms, v=value, k=chance.choice("abx"))
        payloads.append(chance.choice([good, good, good, b"{", None]))
    offsets = list(accumulate(chance.choice([1, 1, 1, 4]) for _ in range(size)))
    return RawBatch(payloads, offsets, [1_000_000 + offset for offset in offsets])


def records(batches: list[RawBatch]) -> pl.DataFrame:
    """What is stored of a partition that is read in batches, restarted after each."""
    intake, saved = make_intake(PLAN), None
    found: list[Tally] = []
    for batch in batches:
        ledger = PartitionLedger(pickle.loads(pickle.dumps(saved)))  # noqa: S301 - made here
        made = [ledger.add(one) for one in intake.take(batch).tallies]
        found += [one for one in [*made, ledger.flush()] if one is not None]
        saved = ledger.snapshot()
    frames = [one.frame for one in ledger_records("s", "t", 0, found)]
    # A record of the same identity overwrites the one before.
    return pl.concat(frames).unique("time_ns", keep="last", maintain_order=True)


@pytest.fixture(autouse=True)
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "RANGE", 16)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(seed=st.integers(0, 999), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_ranges_are_the_same_however_the_topic_is_read(seed: int, cuts: list[int]) -> None:
    whole = log(60, seed)
    stored = records(cut(whole, cuts))
    assert stored.equals(records([whole]))
    assert stored["read"].sum() == 60
    assert stored["unaccounted"].to_list() == [0] * stored.height
    assert (
        stored.select(pl.sum_horizontal(FATES)).to_series().equals(stored["read"].alias(FATES[0]))
    )


def test_every_fate_is_told() -> None:
    told: dict[str, Any] = records([log(400, 1)]).sum().row(0, named=True)
    assert all(told[name] for name in (*FATES, "late"))
    assert told["late"] < told["dead_lettered"]


def test_a_range_is_told_once_it_is_complete_and_while_it_fills() -> None:
    ledger = PartitionLedger()
    (one,) = make_intake(PLAN).take(cut(log(3, 1), [])[0]).tallies
    assert ledger.add(one) is None
    assert ledger.dirty
    assert ledger.flush() == one
    assert ledger.flush() is None
    # What was told after the last snapshot may not be stored: it is told again.
    assert PartitionLedger(ledger.snapshot()).flush() == one


def test_a_message_of_any_timestamp_has_a_ledger() -> None:
    for stamp in (-(2**63), 2**63 - 1):
        tally = Tally(7, 0, 1, stamp, Counts(read=1))
        (made,) = ledger_records("s", "t", 0, [tally])
        assert made.frame["time_ns"].item() >= 0


def test_nothing_is_said_of_nothing() -> None:
    none: list[RecordBatch] = ledger_records("s", "t", 0, [])
    assert none == []
    assert make_intake(PLAN).take(RawBatch([], [], [])).tallies == ()
