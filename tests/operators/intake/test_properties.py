"""The whole intake against a loop over the messages, however they are cut and restarted."""

import json
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.operators.intake.stream import cut, make_plan, message, offsets, run
from tidegauge.batch import NO_TIME, TIME, Counts, RawBatch

MS = 1_000_000
BOUND, LATE, FUTURE = 2_000, 3_000, 10_000


def halve(frame: pl.DataFrame) -> pl.DataFrame:
    """Raises for -1, drops 0, halves the others."""
    if (frame["double"] == -2).any():
        raise ValueError
    return frame.filter(pl.col("v") != 0).with_columns(pl.col("v") / 2)


PLAN = make_plan(filter="k <> 'test'", derive={"double": "v * 2"}, process=f"{__name__}:halve")


@dataclass
class Expected:
    """What the rules say of a list of messages."""

    on_time: list[tuple[int, int, float]] = field(default_factory=list)
    corrections: list[tuple[int, int, float]] = field(default_factory=list)
    dead: list[tuple[int, str, str | None]] = field(default_factory=list)
    filtered: int = 0
    high: int | None = None

    def add(self, offset: int, payload: bytes | None, appended_ms: int) -> None:
        kind = _fault(payload, appended_ms)
        if kind is None and payload is not None:
            kind = self._judge(offset, json.loads(payload), appended_ms)
        if kind is not None:
            self.dead.append((offset, kind, payload.decode() if payload is not None else None))

    def _judge(self, offset: int, row: dict[str, Any], appended_ms: int) -> str | None:
        before = self.high
        # What is too far ahead of its message counts as if it had happened when that was written.
        moved = row["ts"] if row["ts"] <= appended_ms + BOUND + LATE else appended_ms
        self.high = moved if before is None else max(before, moved)
        late_by = 0 if before is None else before - BOUND - row["ts"]
        if row["k"] in (None, "test"):
            self.filtered += 1
            return None
        if late_by > LATE:
            return "late"
        if row["v"] == -1:
            return "process"
        if row["v"] == 0:
            self.filtered += 1
            return None
        rows = self.corrections if late_by > 0 else self.on_time
        rows.append((offset, row["ts"] * MS, row["v"] / 2))
        return None


def _fault(payload: bytes | None, appended_ms: int) -> str | None:
    """Why a message is no event that may move the watermark."""
    if payload is None:
        return "tombstone"
    try:
        row = json.loads(payload)
    except ValueError:
        return "broken"
    if isinstance(row["v"], str):
        return "wrong_type"
    if row["ts"] is None:
        return "no_event_time"
    return "future" if row["ts"] > appended_ms + FUTURE else None


EVENTS = st.builds(
    message,
    ts=st.integers(0, 30).map(lambda second: second * 500) | st.none(),
    k=st.sampled_from(["a", "b", "test", None]),
    v=st.integers(-1, 3) | st.just("x"),
)
MESSAGES = st.tuples(
    EVENTS | st.sampled_from([None, b"", b"{", b"{}{}"]),
    st.integers(0, 6_000),
    st.integers(1, 3),
)


@given(
    messages=st.lists(MESSAGES, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    restart=st.booleans(),
)
def test_everything_is_a_function_of_the_log(
    *, messages: list[tuple[bytes | None, int, int]], cuts: list[int], restart: bool
) -> None:
    expected = Expected()
    whole = RawBatch([], [], [])
    position = 0
    for payload, appended_ms, gap in messages:
        position += gap
        expected.add(position, payload, appended_ms)
        whole.payloads.append(payload)
        whole.offsets.append(position)  # type: ignore[attr-defined]  # a list here
        whole.appended_ms.append(appended_ms)
    taken = run(PLAN, cut(whole, cuts), restart=restart)
    for frame, rows in (
        (taken.on_time, expected.on_time),
        (taken.corrections, expected.corrections),
    ):
        assert list(zip(offsets(frame), frame[TIME], frame["v"], strict=True)) == rows
    dead = taken.dead_letters
    assert dead.select("offset", "kind", "payload").rows() == expected.dead
    assert taken.counts == Counts(
        len(messages),
        len(expected.on_time),
        len(expected.corrections),
        expected.filtered,
        len(expected.dead),
        late=sum(kind == "late" for _, kind, _ in expected.dead),
    )
    counts = taken.counts
    assert counts.read == (
        counts.on_time + counts.corrections + counts.filtered + counts.dead_lettered
    )
    high = expected.high
    assert taken.watermark_ns == (NO_TIME if high is None else (high - BOUND) * MS)
