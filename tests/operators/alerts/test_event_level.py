import polars as pl

from operators.alerts.event_level import event_level_records
from operators.alerts.records import CHANGED
from tests.operators.alerts.timelines import pipeline
from tidegauge.batch import NO_TIME, OFFSET, TIME, Counts, EventBatch, PartitionState, Progress
from tidegauge.catalogue import ALERTS, catalogue_of
from tidegauge.records import KEYS

SIGNAL = catalogue_of(pipeline({}))[ALERTS]


def batch_of(levels: list[int | None], late: list[int | None] | None = None) -> EventBatch:
    def frame(of: list[int | None], offset: int) -> pl.DataFrame:
        return pl.DataFrame(
            {
                OFFSET: range(offset, offset + len(of)),
                TIME: [5_000_000_000] * len(of),
                "region": ["north"] * len(of),
                "alert_level": of,
            },
            {OFFSET: pl.Int64, TIME: pl.Int64, "region": pl.String, "alert_level": pl.Int64},
        )

    progress = Progress("payments", 3, 4, NO_TIME, PartitionState.ACTIVE, 0)
    return EventBatch(
        "topic", frame(levels, 1_007), frame(late or [], 0), pl.DataFrame(), progress, Counts()
    )


def test_8_is_told_and_7_is_not_and_neither_is_none() -> None:
    made = event_level_records(batch_of([7, 8, None, 0, 10]), "test", SIGNAL, 77)
    assert made is not None
    assert made["level"].to_list() == [8, 10]
    assert made["value"].to_list() == [8.0, 10.0]


def test_what_is_no_level_makes_no_alert_and_no_series() -> None:
    made = event_level_records(batch_of([11, 2**62, -9, 8], [99]), "test", SIGNAL, 77)
    assert made is not None
    assert made["level"].to_list() == [8]
    assert event_level_records(batch_of([11, -1]), "test", SIGNAL, 77) is None


def test_keys_that_alerts_have_no_column_for_are_in_the_summary() -> None:
    made = event_level_records(batch_of([9]), "test", SIGNAL, 77, ["alert_level", "absent"])
    assert made is not None
    assert made["summary"].to_list() == ["event topic/3/1007 has level 9, alert_level 9"]


def test_a_record_names_the_event() -> None:
    made = event_level_records(batch_of([9]), "test", SIGNAL, 77)
    assert made is not None
    (row,) = made.to_dicts()
    assert len(row.pop("id")) == 32
    assert row == {
        "time_ns": 5_000_000_000 + 1_007 * 16 + 3,
        "alert": "event_level",
        "level": 9,
        "anomaly": None,
        "region": "north",
        "shop": None,
        "state": "firing",
        "active": 1,
        "value": 9.0,
        "summary": "event topic/3/1007 has level 9",
        "since_ns": 5_000_000_000,
        "processing_time_ns": 77,
        "_changed": True,
        "_keys": "region",
    }


def test_records_have_the_columns_of_the_signal() -> None:
    made = event_level_records(batch_of([9]), "test", SIGNAL, 77)
    schema = {"time_ns": pl.Int64} | {column.name: column.type.dtype for column in SIGNAL.columns}
    assert made is not None
    assert made.schema == pl.Schema(schema | {CHANGED: pl.Boolean, KEYS: pl.String})


def test_late_events_are_told_too_and_each_has_its_own_identity() -> None:
    made = event_level_records(batch_of([9, 9], late=[8]), "test", SIGNAL, 77)
    assert made is not None
    assert made["level"].to_list() == [9, 9, 8]
    assert made["id"].n_unique() == 3
    assert made["time_ns"].n_unique() == 3


def test_events_without_urgency_make_no_records() -> None:
    assert event_level_records(batch_of([7, None]), "test", SIGNAL, 77) is None
    assert event_level_records(batch_of([]), "test", SIGNAL, 77) is None
