import pytest

from operators.intake.intake import IntakePlan
from tests.operators.intake.stream import make_plan, message, take
from tidegauge.batch import TIME
from tidegauge.errors import UserMistake


def columns(plan: IntakePlan) -> list[str]:
    return plan.decoder.decode([]).frame.columns


def test_the_event_time_and_an_alert_level_are_read_beside_the_declared_fields() -> None:
    assert columns(make_plan()) == ["ts", "alert_level", "v", "k"]


def test_a_declared_event_time_is_read_once_and_as_declared() -> None:
    plan = make_plan(fields={"ts": {"type": "int"}})
    assert columns(plan) == ["ts", "alert_level"]
    assert not plan.drop_event_time
    assert take(plan, message(ts=5)).on_time[TIME].to_list() == [5_000_000]
    assert take(plan, message(ts=5.5)).dead_letters["kind"].to_list() == ["wrong_type"]


def test_an_alert_level_nobody_declared_may_be_anything() -> None:
    levels = [8, "high", 8.5, None, [8]]
    batch = take(make_plan(), *(message(ts=1, alert_level=level) for level in levels))
    assert batch.on_time["alert_level"].to_list() == [8, None, None, None, None]


def test_a_declared_alert_level_is_a_field_like_any_other() -> None:
    plan = make_plan(fields={"alert_level": {"type": "int"}})
    batch = take(plan, message(ts=1, alert_level=8), message(ts=1, alert_level="high"))
    assert batch.dead_letters["kind"].to_list() == ["wrong_type"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("iso8601", "1970-01-01T00:00:05Z"),
        ("epoch_s", 5),
        ("epoch_ms", 5_000),
        ("epoch_us", 5_000_000),
        ("epoch_ns", 5_000_000_000),
    ],
)
def test_each_format_is_read_from_json(kind: str, value: object) -> None:
    plan = make_plan(event_time={"format": kind})
    assert take(plan, message(ts=value)).on_time[TIME].to_list() == [5_000_000_000]


def test_a_process_function_that_is_not_there_is_said_before_anything_is_read() -> None:
    with pytest.raises(UserMistake, match="process: nowhere:f"):
        make_plan(process="nowhere:f")
