"""Names that would meet names of ours, and what is said of them."""

from pathlib import Path

import pytest

from tests.tidegauge.spec.test_mistakes import GOOD, mistakes
from tidegauge.catalogue import OWN_COLUMNS, catalogue_of, keys_beside_alerts
from tidegauge.signals import SignalKind
from tidegauge.spec.loader import load_pipeline, parse_pipeline

WITHOUT_ALERTS = GOOD.split("anomalies:")[0]
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("key", sorted(OWN_COLUMNS[SignalKind.ALERT]))
def test_a_key_is_no_column_of_the_alerts_that_are_on_it(key: str) -> None:
    with_alert = GOOD.replace("region", key)
    assert any(f"windows.spend.by[0]: {key} cannot be a key" in one for one in mistakes(with_alert))
    assert any(f"{key}_key: '\"{key}\"'" in one for one in mistakes(with_alert))


@pytest.mark.parametrize(
    "key", sorted(OWN_COLUMNS[SignalKind.ALERT] - OWN_COLUMNS[SignalKind.WINDOW])
)
def test_a_key_that_no_alert_is_on_may_be_called_as_a_column_of_alerts(key: str) -> None:
    text = WITHOUT_ALERTS.replace("region", key)
    assert mistakes(text) == []
    pipeline = parse_pipeline(text, "f.yaml", Path(), {})
    assert keys_beside_alerts(pipeline) == [key]
    alerts = catalogue_of(pipeline)["alerts"]
    assert len({column.name for column in alerts.columns}) == len(alerts.columns)


def test_names_of_one_spelling_in_two_cases_are_refused() -> None:
    assert mistakes(GOOD.replace("region", "State")) == [
        (
            "19: windows.spend.by[0]: State cannot be a key, for records of alerts have a column"
            " state, which differs in case only, which SQLite cannot tell apart; give it another"
            " with derive, such as State_key: '\"State\"'"
        )
    ]
    twice = GOOD.replace("      count: count(*)", "      count: count(*)\n      Count: count(*)")
    assert "Count differs from count in case only" in mistakes(twice)[0]
    (window,) = mistakes(GOOD.replace("spend", "Alerts"))
    assert "windows.Alerts: Alerts is the name of a measurement of ours" in window
    (table,) = mistakes(GOOD.replace("spend", "sqlite_spend"))
    assert "names that begin with sqlite_ are those of SQLite's own tables" in table


@pytest.mark.parametrize("name", ["forecasts", "predictions"])
def test_measurements_of_forecasts_are_no_windows(name: str) -> None:
    assert "is the name of a measurement of ours" in mistakes(GOOD.replace("spend", name))[0]


@pytest.mark.parametrize("name", ["event_level", "flow_stopped"])
def test_alerts_of_every_pipeline_are_no_alerts_of_the_file(name: str) -> None:
    (mistake,) = mistakes(GOOD.replace("failures:", f"{name}:"))
    assert f"alerts.{name}: every pipeline has an alert {name} of its own" in mistake


def test_labels_are_no_columns_of_forecasts_and_predictions() -> None:
    for name in ("forecast", "made_at_ns", "prediction"):
        (mistake,) = mistakes(GOOD.replace("team: risk", f"{name}: risk"))
        assert f"labels.{name}: {name} is a column of every such record" in mistake


@pytest.mark.parametrize(
    ("derived", "said"),
    [
        ("ts: amount", "ts is read from every message already; take another name"),
        ("alert_level: card", "the level of an event's own alert is an int, this is a string"),
        ("time_ns: amount", "time_ns is reserved for the time of records"),
    ],
)
def test_derived_columns_are_not_those_of_every_message(derived: str, said: str) -> None:
    (mistake,) = mistakes(GOOD.replace('failed: "', f'{derived}, failed: "'))
    assert said in mistake


def test_the_level_of_an_event_can_be_derived() -> None:
    assert mistakes(GOOD.replace('failed: "', 'alert_level: "9", failed: "')) == []


ADDS = "    process: {function: hook:add, adds: {%s}}\n"


@pytest.mark.parametrize(
    ("adds", "said"),
    [
        ("card: int", "adds.card: the event has a column card already"),
        ("failed: int", "adds.failed: the event has a column failed already"),
        ("ts: int", "adds.ts: the event has a column ts already"),
        ("_x: int", "adds._x: names that begin with _ are reserved"),
        ("x: integer", "adds.x.type: 'integer' is not allowed"),
    ],
)
def test_columns_of_a_function_are_new_and_of_a_type(adds: str, said: str) -> None:
    (mistake,) = mistakes(GOOD.replace("windows:\n", ADDS % adds + "windows:\n"))
    assert said in mistake


def test_columns_of_a_function_are_columns_like_others() -> None:
    text = GOOD.replace("windows:\n", ADDS % "twice: {type: int, unit: short}" + "windows:\n")
    used = text.replace("count(*)", "sum(twice)").replace("region", "twice")
    used = used.replace("      twice: {type: string}\n", "")
    assert mistakes(used) == []
    pipeline = parse_pipeline(used, "f.yaml", Path(), {})
    events = {column.name: column for column in catalogue_of(pipeline)["events.payments"].fields}
    assert (events["twice"].type, events["twice"].unit) == ("int", "short")


def test_a_column_that_nobody_declares_says_how_a_function_declares_it() -> None:
    text = GOOD.replace("windows:\n", "    process: hook:add\nwindows:\n")
    (mistake,) = mistakes(text.replace("count(*)", "sum(twice)"))
    assert "unknown column 'twice'" in mistake
    assert "process: {function: module:function, adds: {NAME: TYPE}}" in mistake


@pytest.mark.parametrize("name", ["machines", "payments", "warehouse", "web"])
def test_own_columns_are_all_that_a_file_does_not_name(name: str) -> None:
    """Otherwise a name could meet one that nobody thought of."""
    pipeline = load_pipeline(ROOT / "pipelines" / f"{name}.yaml")
    declared = {key for window in pipeline.windows.values() for key in (*window.by, *window.select)}
    declared |= {key for one in pipeline.anomalies.values() for key in one.by}
    declared |= {key for one in pipeline.patterns.values() for key in (*one.by, *one.measures)}
    for signal in catalogue_of(pipeline):
        if signal.kind is not SignalKind.EVENT:
            left = {column.name for column in signal.columns} - declared
            assert left <= OWN_COLUMNS[signal.kind], signal.name


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("stale_after: 5s", "5s is shorter than 10s, the distance of two results"),
        ("stale_after: 0s", "0s would end every alert at once"),
        ('summary: "{amount}"', "unknown placeholder 'amount'"),
    ],
)
def test_of_alerts(more: str, said: str) -> None:
    text = GOOD.replace('    summary: "{region}: {value}"', f"    {more}")
    (mistake,) = mistakes(text)
    assert said in mistake


def test_a_summary_about_events_names_fields_that_they_have() -> None:
    about = GOOD.replace("when: spend.failure_rate > 0.05", "when: payments.amount > 5")
    about = about.replace("    clear: spend.failure_rate < 0.03\n", "")
    assert mistakes(about.replace("{region}: {value}", "{card} {amount} {failed} {value}")) == []
    (mistake,) = mistakes(about.replace("{region}", "{order_id}"))
    assert "alerts.failures.summary: unknown placeholder 'order_id'" in mistake
