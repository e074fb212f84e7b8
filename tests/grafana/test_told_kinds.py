"""What a rule tells, for kinds of alerts that the examples lack."""

from typing import Any

import pytest

from tests.grafana.telling import Rendered, Row, Telling
from tests.services.influxdb import InfluxDB
from tidegauge.spec.models import Pipeline

START_S = 1_800_000_000
ALERTS: dict[str, Any] = {
    "soon": {"when": "forecast(sales.revenue, 4h) < 10", "level": 8, "summary": "{user}: {value}"},
    "unpaid": {"when": "timeout(checkout)", "level": 9, "summary": "{user} {alert}"},
    "silent": {"when": "anomaly(quiet)", "level": 9, "summary": "{user}: {value}, {level}"},
    "low": {"when": "sales.revenue < 10", "level": 9, "summary": "{user} has {value}"},
    "lowish": {"when": "sales.revenue < 10", "level": 3, "summary": "{user}: {value} ({level})"},
    "many": {"when": "total.orders > 100", "level": 8, "summary": "{value} orders"},
    "either": {
        "when": "sales.revenue < 10 OR sales.orders > 5",
        "level": 8,
        "summary": "{user}: {value}",
    },
}


def pipeline(bucket: str) -> Pipeline:
    """Windows with and without a key, a forecast, a silence and a pattern."""
    return Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "shop",
            "sources": {
                "orders": {
                    "kafka": {"topic": "orders"},
                    "event_time": {"field": "time"},
                    "fields": {
                        "user": {"type": "string"},
                        "price": {"type": "float"},
                        "paid": {"type": "bool"},
                    },
                }
            },
            "windows": {
                "sales": {
                    "from": "orders",
                    "tumbling": {"size": "10s"},
                    "by": ["user"],
                    "select": {"revenue": "sum(price)", "orders": "count(*)"},
                },
                "total": {
                    "from": "orders",
                    "tumbling": {"size": "10s"},
                    "select": {"orders": "count(*)"},
                },
            },
            "anomalies": {"quiet": {"on": "sales.orders", "detector": "flat_line"}},
            "patterns": {
                "checkout": {
                    "from": "orders",
                    "by": ["user"],
                    "match": "open -> paid",
                    "define": {"open": "NOT paid", "paid": "paid"},
                    "within": "5m",
                    "timeouts": True,
                }
            },
            "alerts": ALERTS,
            "output": {"influxdb": {"bucket": bucket}},
        }
    )


FIRES = {"many": 120.0, "silent": None, "unpaid": None}
CALM = {"many": 3.0, "silent": 4.0}


@pytest.fixture(scope="module")
def bucket(influxdb: InfluxDB) -> str:
    """A store."""
    return influxdb.bucket()


def telling(influxdb: InfluxDB, bucket: str, alert: str, late_s: int) -> Telling:
    start_s = START_S + 86_400 * (1 + list(ALERTS).index(alert)) + late_s
    beside = {"orders": 1} if alert == "either" else {}
    return Telling(influxdb, Rendered.of(pipeline(bucket), alert), start_s, beside)


@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("late_s", [2, 61, 900])
def test_each_kind_is_told_by_the_record_that_fired(
    alert: str, late_s: int, influxdb: InfluxDB, bucket: str
) -> None:
    made = telling(influxdb, bucket, alert, 10_000 * (late_s // 60))
    value = FIRES.get(alert, 4.5)
    keys = ["ann", "bob", None] if made.plan.by else ["ann"]
    calm = [Row(50 + n, 50 + late_s, key, CALM.get(alert, 60.0)) for n, key in enumerate(keys)]
    for n, key in enumerate(keys):
        other = None if value is None else value + n
        made.take([Row(20 + n, 40 + late_s, key, other, anomalous=True)])
    if not made.plan.moment:
        made.take(calm)
    texts = made.texts(51 + late_s)
    made.expected.check(texts, 51 + late_s)
    assert len(texts) == len(keys)
    assert sorted(texts.values()) == sorted(one.summary or "" for one in made.told if one.active)


def test_of_two_levels_of_one_condition_each_is_told_by_its_own(
    influxdb: InfluxDB, bucket: str
) -> None:
    made = telling(influxdb, bucket, "low", 500_000)
    made.take([Row(0, 2, "ann", 4.5)])
    assert list(made.texts(5).values()) == ["ann has 4.5"]
    assert made.texts(5, "lowish") == {}


def test_a_level_that_was_changed_lends_neither_state_nor_value(
    influxdb: InfluxDB, bucket: str
) -> None:
    made = telling(influxdb, bucket, "low", 700_000)
    time_ns = made.start_s * 1_000_000_000
    made.take([Row(0, 2, "ann", 4.5)])
    made.store(
        [f"alerts,alert=low,level=3,pipeline=shop,user=ann active=1i,value=9.25 {time_ns + 10**9}"]
    )
    assert list(made.texts(5).values()) == ["ann has 4.5"]
