"""Messages to typed rows with an event time; what gives no such row is refused."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.intake.dead_letters import Refused, refuse
from operators.intake.event_time import LIMIT_NS, event_time_ns
from operators.intake.levels import read_levels
from operators.intake.plan import IntakePlan
from operators.intake.sizes import within
from operators.intake.units import unit_of
from tidegauge.batch import APPENDED, OFFSET, TIME, RawBatch, Unreadable
from tidegauge.durations import format_duration_ns
from tidegauge.sizes import TOO_LARGE, texts_in, without_large
from tidegauge.spec.models import EventTimeFormat

_MS = 1_000_000
_LATEST_MS = LIMIT_NS // _MS

UNREADABLE = "unreadable"
"""Kind of dead letters about messages that the client cannot read."""
Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Read(NamedTuple):
    """What was read of a batch.

    Attributes:
        frame: rows of the decoded fields, `TIME`, `OFFSET` and, when the plan keeps it, `APPENDED`,
            in offset order.
        refused: the messages that are none: undecodable, too large, without an event time, or so
            far ahead of their Kafka timestamp that they must not move the watermark.
        odd_levels: offsets of messages with an `alert_level` that is none.
    """

    frame: pl.DataFrame
    refused: list[Refused]
    odd_levels: list[int]


def decode(plan: IntakePlan, raw: RawBatch, oldest_ms: int | None = None) -> Read:
    """Decode a batch.

    Args:
        plan: what to do.
        raw: the messages.
        oldest_ms: the lowest of their Kafka timestamps, where it is known.

    Returns:
        what was read of it.
    """
    if raw.unreadable is not None:
        return _unreadable(plan, raw, raw.unreadable)
    large = plan.sizes.large_messages(raw.payloads, raw.largest)
    decoded = plan.decoder.decode(without_large(raw.payloads, large))
    refused = [
        refuse(raw, bad.position, TOO_LARGE, large[bad.position])
        if bad.position in large
        else refuse(raw, bad.position, bad.kind, bad.reason)
        for bad in decoded.undecodable
    ]
    bad_positions = [bad.position for bad in decoded.undecodable]
    times = event_time_ns(decoded.frame[plan.event_time.field], plan.event_time.format, plan.zone)
    extra = [times.alias(TIME), pl.Series(OFFSET, _without(_offsets(raw), bad_positions))]
    if plan.keep_appended:
        appended_ms = np.asarray(raw.appended_ms, np.int64)
        extra.append(pl.Series(APPENDED, _without(appended_ms, bad_positions)))
    frame, odd = read_levels(decoded.frame.hstack(extra), decoded.aside, declared=plan.own_level)
    frame = within(plan.sizes, frame, texts_in(frame), raw, refused)
    times = frame[TIME]
    if times.null_count():
        frame = _with_time(plan, frame, raw, refused)
    return Read(_within_future(plan, frame, raw, refused, oldest_ms), refused, odd)


def _unreadable(plan: IntakePlan, raw: RawBatch, what: Unreadable) -> Read:
    """No rows, and the letter about all of the messages."""
    nothing = decode(plan, RawBatch([], [], [])).frame
    first, last = raw.offsets[0], what.next_offset - 1
    which = f"offset {first}" if first == last else f"offsets {first} to {last}"
    reason = f"{which} cannot be read: {what.reason}"
    detail = f'{{"offsets": [{first}, {last}]}}'
    return Read(nothing, [refuse(raw, 0, UNREADABLE, reason, detail)], [])


def position_of(raw: RawBatch, offsets: pl.Series) -> Offsets:
    """Positions in the batch of messages with these offsets."""
    return np.searchsorted(_offsets(raw), offsets.to_numpy())


def _offsets(raw: RawBatch) -> Offsets:
    if isinstance(raw.offsets, range):  # a list of them would take a while
        steps = raw.offsets
        return np.arange(steps.start, steps.stop, steps.step, dtype=np.int64)
    return np.asarray(raw.offsets, np.int64)


def _without(values: Offsets, positions: list[int]) -> Offsets:
    return np.delete(values, positions) if positions else values


def _with_time(
    plan: IntakePlan, frame: pl.DataFrame, raw: RawBatch, refused: list[Refused]
) -> pl.DataFrame:
    spec = plan.event_time
    without = frame.filter(frame[TIME].is_null())
    texts = without[spec.field].cast(pl.String)
    for position, text in zip(position_of(raw, without[OFFSET]), texts, strict=True):
        found = "missing" if text is None else repr(text)
        reason = f"no event time: {spec.field} is {found}, allowed is {spec.format}"
        if (other := _written_as(text)) not in (None, spec.format):
            reason += f"; it seems to be {other}"
        refused.append(refuse(raw, int(position), "no_event_time", reason))
    return frame.filter(frame[TIME].is_not_null())


def stamps_of(raw: RawBatch, frame: pl.DataFrame) -> Offsets:
    """Kafka timestamps of the messages that the rows are from, milliseconds."""
    stamps = np.asarray(raw.appended_ms, np.int64)
    return stamps if frame.height == stamps.size else stamps[position_of(raw, frame[OFFSET])]


def _written_as(text: str | None) -> EventTimeFormat | None:
    """The unit in which a number that is no event time would be one of our days."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return unit_of(int(value)) if abs(value) < LIMIT_NS else None


def _within_future(
    plan: IntakePlan,
    frame: pl.DataFrame,
    raw: RawBatch,
    refused: list[Refused],
    oldest_ms: int | None,
) -> pl.DataFrame:
    limit = plan.event_time.max_future
    highest = frame[TIME].max()
    if not isinstance(highest, int):
        return frame
    if highest <= (min(raw.appended_ms) if oldest_ms is None else oldest_ms) * _MS + limit:
        return frame
    # A producer may set any timestamp; one that is not there (-1) cannot tell what is future.
    stamps = stamps_of(raw, frame)
    stamps = np.where(stamps < 0, _LATEST_MS, np.minimum(stamps, _LATEST_MS))
    future = without_future(plan, frame, raw, refused, stamps, "the Kafka timestamp")
    return frame if future is None else frame.filter(pl.Series(~future))


def without_future(
    plan: IntakePlan,
    frame: pl.DataFrame,
    raw: RawBatch,
    refused: list[Refused],
    stamps_ms: Offsets,
    of: str,
) -> Mask | None:
    """Refuse rows that are too far ahead of these moments; which they are, None for none.

    Args:
        plan: what to do.
        frame: the rows.
        raw: the messages.
        refused: gets letters about them.
        stamps_ms: a moment for each row.
        of: what the moments are.
    """
    limit = plan.event_time.max_future
    ahead = frame[TIME].to_numpy() - stamps_ms * _MS
    future: Mask = ahead > limit
    if not future.any():
        return None
    positions = position_of(raw, frame[OFFSET])
    for row in np.flatnonzero(future).tolist():
        by = format_duration_ns(int(ahead[row]) // _MS * _MS)
        allowed = format_duration_ns(limit)
        reason = f"event time is {by} ahead of {of}, allowed is {allowed}"
        detail = f'{{"event_time_ns": {frame[TIME][row]}}}'
        refused.append(refuse(raw, int(positions[row]), "future", reason, detail))
    return future
