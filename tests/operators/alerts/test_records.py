import polars as pl
import pytest

from operators.alerts.group import AlertGroup
from operators.alerts.plan import plan_alerts
from operators.alerts.records import CHANGED
from operators.alerts.summary import Summary
from tests.operators.alerts.timelines import S, group, pipeline, plan, records, spend
from tests.operators.keygroups.engine import pickled
from tidegauge.catalogue import ALERTS, catalogue_of
from tidegauge.errors import UserMistake
from tidegauge.records import KEYS, RecordBatch


def test_a_record_tells_what_fires_since_when_and_why() -> None:
    (row,) = records(group(plan(level=9)).take([spend([(3, "north", 1, 9.0)])]))
    assert len(row.pop("id")) == 32
    assert row == {
        "time_ns": 3 * S,
        "alert": "high",
        "level": 9,
        "anomaly": None,
        "region": "north",
        "shop": 1,
        "state": "firing",
        "active": 1,
        "value": 9.0,
        "summary": "high: spend.total > 5 for region north, shop 1 (9)",
        "since_ns": 3 * S,
        "processing_time_ns": 77,
        "_changed": True,
        "_keys": "region\nshop",
    }


@pytest.mark.parametrize("when", ["spend.total > 5", "payments.amount > 5", "anomaly(odd_amount)"])
def test_records_have_the_columns_of_the_signal(when: str) -> None:
    alert = plan(when)
    events = pl.DataFrame(
        {
            "time_ns": [S],
            "_time_ns": [S],
            "start_ns": [S],
            "revision": [0],
            "region": ["a"],
            "shop": [1],
            "total": [9.0],
            "amount": [9.0],
            "value": [9.0],
            "anomaly": ["odd_amount"],
            "_anomalous": [True],
        }
    )
    (batch,) = group(alert).take([RecordBatch(alert.reads, events)])
    signal = catalogue_of(pipeline({"high": {"when": when}}))[ALERTS]
    schema = {"time_ns": pl.Int64} | {column.name: column.type.dtype for column in signal.columns}
    assert batch.signal == ALERTS
    assert batch.frame.schema == pl.Schema(schema | {CHANGED: pl.Boolean, KEYS: pl.String})
    assert batch.frame["shop"].to_list() == ([1] if when.startswith("spend") else [None])
    named = ["odd_amount" if when.startswith("anomaly") else None]
    assert batch.frame["anomaly"].to_list() == named


def test_a_firing_keeps_its_identity_from_first_to_last_and_the_next_has_another() -> None:
    watching = group(plan(**{"for": "1s"}))
    values = [9.0, 9.0, 9.0, 1.0, 9.0]
    rows = records(watching.take([spend([(at, "a", 1, v) for at, v in enumerate(values)])]))
    states = [row["state"] for row in rows]
    assert states == ["pending", "firing", "firing", "resolved", "pending"]
    assert len({row["id"] for row in rows[:4]}) == 1
    assert rows[4]["id"] != rows[0]["id"]
    assert [row["active"] for row in rows] == [0, 1, 1, 0, 0]


def test_identity_is_told_by_pipeline_alert_key_and_beginning() -> None:
    def ids(name: str, region: str, at: int) -> str:
        (row,) = records(group(plan(name=name)).take([spend([(at, region, 1, 9.0)])]))
        return str(row["id"])

    first = ids("high", "a", 0)
    assert first == ids("high", "a", 0)
    assert len({first, ids("other", "a", 0), ids("high", "b", 0), ids("high", "a", 1)}) == 4


def test_two_firings_in_one_moment_have_distinct_identities() -> None:
    alert = plan("payments.amount > 5")
    events = pl.DataFrame(
        {
            "time_ns": [S, S + 1_000, S + 2_000],
            "_time_ns": [S] * 3,
            "amount": [9.0, 1.0, 9.0],
        }
    )
    rows = records(group(alert).take([RecordBatch(alert.reads, events)]))
    assert [row["state"] for row in rows] == ["firing", "resolved", "firing"]
    assert rows[0]["id"] == rows[1]["id"] != rows[2]["id"]
    assert {row["since_ns"] for row in rows} == {S}


def test_a_summary_is_filled_in() -> None:
    text = "{alert} ({level}): {{shop}} {shop} in {region} has {value}"
    summary = Summary(plan(level=8, summary=text))
    filled = summary({"region": "north", "shop": 12}, 0.123456789)
    assert filled == "high (8): {shop} 12 in north has 0.123457"
    assert (
        summary({"region": None, "shop": 1.5}, None)
        == "high (8): {shop} 1.5 in (none) has no value"
    )


def test_without_a_template_the_condition_is_named() -> None:
    assert Summary(plan("anomaly(odd_amount)"))({"region": "a"}, 3.0) == (
        "high: anomaly(odd_amount) for region a (3)"
    )
    assert Summary(plan("payments.amount > 5"))({}, 6.0) == "high: payments.amount > 5 (6)"
    assert Summary(plan("payments.region = '{x}'"))({}, None) == (
        "high: payments.region = '{x}' (no value)"
    )


def test_each_alert_reads_its_own_batches() -> None:
    plans = plan_alerts(
        pipeline({"a": {"when": "spend.total > 5"}, "b": {"when": "spend.count > 1"}})
    )
    batch = spend([(0, "a", 1, 9.0)])
    rows = records(group(*plans).take([RecordBatch("other", batch.frame), batch]))
    assert [(row["alert"], row["value"]) for row in rows] == [("a", 9.0), ("b", 20.0)]


def test_an_alert_that_the_saved_state_does_not_know_begins_anew() -> None:
    before = group(plan())
    before.take([spend([(0, "a", 1, 9.0)])])
    after = group(plan(), plan(name="other"), snapshot=pickled(before.snapshot()))
    rows = records(after.take([spend([(1, "a", 1, 9.0)])]))
    assert [(row["alert"], row["_changed"]) for row in rows] == [("high", False), ("other", True)]


def test_a_snapshot_of_another_version_is_refused() -> None:
    snapshot = AlertGroup([], lambda: 0).snapshot() | {"version": 99}
    with pytest.raises(UserMistake, match="alerts have version 99, this program reads 3"):
        AlertGroup([], lambda: 0, snapshot)


def test_an_alert_whose_condition_names_no_number_has_no_value() -> None:
    alert = plan("payments.region = 'a'", summary="{alert} {value}")
    events = pl.DataFrame(
        {"time_ns": [S, 2 * S], "_time_ns": [S, 2 * S], "region": ["a", "b"], "amount": [9.0, 1.0]}
    )
    rows = records(group(alert).take([RecordBatch(alert.reads, events)]))
    assert [(row["state"], row["value"]) for row in rows] == [("firing", None), ("resolved", None)]
    assert {row["summary"] for row in rows} == {"high no value"}


@pytest.mark.parametrize(
    ("key", "told"), [(True, "true"), (False, "false"), ("", "(empty)"), (None, "(none)"), (0, "0")]
)
def test_a_summary_tells_keys_as_the_stores_do(key: object, told: str) -> None:
    filled = Summary(plan(level=8, summary="{region}/{shop}"))({"region": key, "shop": "s"}, None)
    assert filled == f"{told}/s"


def test_a_summary_of_an_alert_about_events_names_their_fields() -> None:
    alert = plan("payments.amount > 5", summary="{region} paid {amount}, {value}, at {shop}")
    assert alert.ordering is not None
    assert alert.ordering.columns == {"amount", "region", "shop"}
    events = pl.DataFrame(
        {
            "time_ns": [S, 2 * S],
            "_time_ns": [S, 2 * S],
            "region": ["a", None],
            "amount": [9.5, 9.0],
            "shop": [7, None],
        }
    )
    rows = records(group(alert).take([RecordBatch(alert.reads, events)]))
    assert [row["summary"] for row in rows] == [
        "a paid 9.5, 9.5, at 7",
        "(none) paid 9, 9, at (none)",
    ]
