"""Each kind of record goes to its topic, and to no other."""

import json
from types import MappingProxyType

import polars as pl
import pytest

from connectors.kafka.routes import Routes
from tests.connectors.samples import FLOAT, INT, SIGNAL, STRING, batch, record
from tidegauge.catalogue import ALERT_FIELDS, DEAD_LETTER_SIGNAL, FLOW_SIGNAL, Catalogue
from tidegauge.records import RecordBatch
from tidegauge.signals import Column, Signal, SignalKind
from tidegauge.spec.models import KafkaOutput

ANOMALY = Signal(
    "odd", SignalKind.ANOMALY, "anomalies", (Column("anomaly", STRING),), (Column("value", FLOAT),)
)
ALERTS = Signal(
    "alerts",
    SignalKind.ALERT,
    "alerts",
    (Column("alert", STRING), Column("level", INT)),
    ALERT_FIELDS,
)
EVENTS = Signal("events.p", SignalKind.EVENT, "events_p", (), (Column("card", STRING),))
SIGNALS = (SIGNAL, ANOMALY, ALERTS, EVENTS, DEAD_LETTER_SIGNAL, FLOW_SIGNAL)
CATALOGUE = Catalogue(
    "payments",
    MappingProxyType({signal.name: signal for signal in SIGNALS}),
    MappingProxyType({"pipeline": "payments", "site": "north"}),
)
EVENT = {"time_ns": 1, "_topic": "p", "_partition": 0, "_offset": 1, "_appended_ms": 2, "card": "c"}
LETTER = {"time_ns": 1, "kind": "late", "topic": "p", "partition": 0, "offset": 1}
RECORDS = {
    "spend": batch(record()),
    "odd": RecordBatch("odd", pl.DataFrame([{"time_ns": 1, "anomaly": "odd", "value": 1.0}])),
    "events.p": RecordBatch("events.p", pl.DataFrame([EVENT])),
    "dead_letters": RecordBatch(
        "dead_letters",
        pl.DataFrame([{column.name: "x" for column in DEAD_LETTER_SIGNAL.columns} | LETTER]),
    ),
    "flow": RecordBatch("flow", pl.DataFrame([{"time_ns": 1, "topic": "p", "processed": 3}])),
}


def routes(output: KafkaOutput | None) -> Routes:
    return Routes(CATALOGUE, output, "payments-dead-letters")


def alerts(*rows: dict[str, object]) -> RecordBatch:
    known = {"time_ns": 1, "alert": "slow", "level": 8, "id": "a", "state": "firing"}
    return RecordBatch("alerts", pl.DataFrame([known | {"_changed": True} | row for row in rows]))


@pytest.mark.parametrize(
    ("signal", "topic"),
    [
        ("spend", "real-time-analytics"),
        ("odd", "real-time-analytics"),
        ("events.p", "real-time-analytics"),
        ("dead_letters", "payments-dead-letters"),
    ],
)
def test_a_record_goes_to_the_topic_of_its_kind(signal: str, topic: str) -> None:
    messages = routes(KafkaOutput(events=True))(RECORDS[signal])
    assert [message.topic for message in messages] == [topic]


def test_the_health_of_the_flow_goes_nowhere() -> None:
    assert routes(KafkaOutput())(RECORDS["flow"]) == []


def test_events_go_nowhere_unless_asked_for() -> None:
    assert routes(KafkaOutput())(RECORDS["events.p"]) == []


def test_without_a_kafka_output_only_dead_letters_go_to_kafka() -> None:
    quiet = routes(None)
    sent = {signal: len(quiet(records)) for signal, records in RECORDS.items()}
    assert sent == {"spend": 0, "odd": 0, "events.p": 0, "dead_letters": 1, "flow": 0}
    assert quiet(alerts({})) == []
    assert quiet.topics == {"payments-dead-letters"}


def test_all_topics_are_known_beforehand() -> None:
    known = routes(KafkaOutput(topic="all", critical_topic="bad")).topics
    assert known == {"all", "bad", "payments-dead-letters"}


@pytest.mark.parametrize(("level", "sent"), [(1, 0), (7, 0), (8, 1), (10, 1)])
def test_alerts_above_level_7_are_critical(level: int, sent: int) -> None:
    messages = routes(KafkaOutput())(alerts({"level": level}))
    assert [message.topic for message in messages] == ["critical-alerts"] * sent


def test_a_critical_alert_is_sent_when_it_fires_and_when_it_is_resolved() -> None:
    messages = routes(KafkaOutput())(
        alerts(
            {"state": "pending"},
            {"state": "firing"},
            {"state": "firing", "_changed": False},
            {"state": "resolved"},
        )
    )
    states = [json.loads(message.value)["fields"]["state"] for message in messages]
    assert states == ["firing", "resolved"]


def test_labels_are_tags_and_the_pipeline_is_not() -> None:
    (message,) = routes(KafkaOutput())(RECORDS["odd"])
    assert json.loads(message.value)["tags"] == {"site": "north", "anomaly": "odd"}
