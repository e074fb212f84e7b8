"""The event time: by name, by value, by both."""

from typing import Any

import pytest

from tests.tidegauge.spec.inference.samples import NOON_MS, sample_of
from tidegauge.spec.inference.event_time import EventTimeGuess, Moment, find_event_time

NOON = "2025-01-15T12:00:00Z"


def guess(*objects: dict[str, Any]) -> EventTimeGuess | None:
    return find_event_time(sample_of(objects), list(dict.fromkeys(k for o in objects for k in o)))


@pytest.mark.parametrize(
    ("value", "field", "kind"),
    [
        ({"ts": NOON_MS}, "ts", "epoch_ms"),
        ({"ts": NOON_MS // 1_000}, "ts", "epoch_s"),
        ({"ts": NOON_MS * 1_000}, "ts", "epoch_us"),
        ({"ts": NOON_MS * 1_000_000}, "ts", "epoch_ns"),
        ({"time": NOON}, "time", "iso8601"),
        ({"created_at": NOON, "eventTime": NOON}, "eventTime", "iso8601"),
        ({"updated_at": NOON, "created_at": NOON}, "created_at", "iso8601"),
        ({"expires": NOON, "seen_at": NOON}, "seen_at", "iso8601"),
        ({"time": "soon", "x": NOON}, "x", "iso8601"),
        ({"id": 1_234_567_890, "x": NOON_MS}, "x", "epoch_ms"),
        ({"date": "2025-01-15"}, "date", "iso8601"),
        ({"event time": NOON}, "event time", "iso8601"),
        ({"_ts": NOON_MS}, "_ts", "epoch_ms"),
    ],
)
def test_field_and_format(value: dict[str, Any], field: str, kind: str) -> None:
    found = guess(value)
    assert found is not None
    assert (found.field, found.format) == (field, kind)


@pytest.mark.parametrize(
    "value",
    [
        {"amount": 5.0, "region": "eu"},
        {"customer": 1_234_567_890},
        {"batch": "2025-01-15"},
        {"ts": "noon"},
        {"_time_ns": NOON_MS},
        {"${ts}": NOON_MS},
        {"payload": {"ts": NOON_MS}},
        {},
    ],
)
def test_none_where_nothing_is_surely_a_time(value: dict[str, Any]) -> None:
    assert guess(value) is None


def test_a_field_that_half_of_the_messages_lack_is_no_event_time() -> None:
    assert guess({"ts": NOON_MS}, {"a": 1}, {"a": 1}) is None


def test_a_field_that_all_have_comes_before_a_better_name() -> None:
    found = guess({"ts": NOON_MS, "seen_at": NOON}, {"seen_at": NOON})
    assert found is not None
    assert found.field == "seen_at"


def test_moments_are_those_of_the_most_common_format() -> None:
    found = find_event_time(
        sample_of([{"ts": NOON_MS}, {"ts": "x"}], [{"ts": NOON_MS + 1}]), ["ts"]
    )
    assert found is not None
    appended_ns = NOON_MS * 1_000_000
    expected = {
        0: [Moment(appended_ns, appended_ns)],
        1: [Moment(appended_ns + 1_000_000, appended_ns)],
    }
    assert (found.moments, found.seen) == (expected, 2)


def test_a_time_without_a_zone_is_told() -> None:
    found = guess({"ts": NOON}, {"ts": NOON.removesuffix("Z")})
    assert found is not None
    assert not found.zoned
